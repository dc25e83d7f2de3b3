/** estop on the embedded log with its edges, each a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { EstopProcess } from '../../e2e/estop-process.ts';
import { findFreePorts } from '../../harness/kafka/ports.ts';
import type { RawRecord } from '../checker/history.ts';
import { Edge, type EdgeOptions } from './edge.ts';
import { fleetOf } from './plan.ts';

const PARTITIONS = 4;
const READ_RECORDS = 10_000;
const CLOCK = join(import.meta.dirname, '../jumping-clock.mjs');

export interface StoppingWorld {
  readonly estop: EstopProcess;
  readonly edges: readonly Edge[];
  /** Lifts what the operator has killed. */
  readonly secondKey: string;
  close(): Promise<void>;
}

export async function openStoppingWorld(
  agents: readonly string[],
  mode: EdgeOptions['mode'],
): Promise<StoppingWorld> {
  const [port = 0] = await findFreePorts(1);
  const folder = await mkdtemp(join(tmpdir(), 'estop-stopping-'));
  const estop = new EstopProcess({
    files: fleetOf(agents),
    env: { ESTOP_PARTITIONS: String(PARTITIONS), ESTOP_LOG_LEVEL: 'warn' },
    built: true,
    port,
    nodeArgs: ['--import', CLOCK],
  });
  const edges: Edge[] = [];
  const close = async () => {
    await Promise.all(edges.map((edge) => edge.stop()));
    await estop.dispose();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await estop.start();
    await Promise.all(
      agents.map(async (agent) => {
        const key = await estop.agentKey(agent);
        edges.push(await Edge.start({ agent, key, port, folder, mode }));
      }),
    );
    const path = '/v1/people/dana@example.com/credentials';
    const { body } = await estop.post(path, { kind: 'api-key' });
    return { estop, edges, secondKey: body['secret'], close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The bytes of the audit log of a process that has ended. */
export async function readAudit(dataDir: string): Promise<readonly RawRecord[]> {
  const log = await openEmbeddedLog({ path: join(dataDir, 'log'), partitions: PARTITIONS });
  try {
    const records: RawRecord[] = [];
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const end = await log.endOffset('audit.v1', partition);
      for (let fromOffset = 0; fromOffset < end; ) {
        const options = { fromOffset, maxRecords: READ_RECORDS };
        const read = await log.read('audit.v1', partition, options);
        records.push(...read.records);
        fromOffset = read.nextOffset;
      }
    }
    return records;
  } finally {
    await log.close();
  }
}

/** The clock that all processes of a machine share, ms. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
