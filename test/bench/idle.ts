/** What a whole estop costs that has nothing to do: its share of a core, with many agents known. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { EstopProcess } from '../e2e/estop-process.ts';
import { benchFleet } from './bench-fleet.ts';
import { appendIntents, decideAll } from './log-to-log.ts';

const AGENTS = Number(process.env['BENCH_AGENTS'] ?? 100_000);
const PARTITIONS = 12;
const SETTLE_MS = 10_000;
const WATCHED_MS = 20_000;
/** Of the kernel: hundredths of a second. */
const TICKS_PER_SECOND = 100;

export interface IdleRow {
  /** Of one core, percent. */
  readonly corePercent: number;
  readonly rssMib: number;
}

export async function benchIdle(): Promise<IdleRow> {
  const estop = new EstopProcess({ files: Object.fromEntries(benchFleet()), built: true });
  try {
    const path = join(estop.dataDir, 'log');
    const log = await openEmbeddedLog({ path, partitions: PARTITIONS });
    await appendIntents(log, AGENTS, AGENTS);
    await decideAll(log, AGENTS, { agents: AGENTS });
    await log.close();
    await estop.start();
    await pause(SETTLE_MS);
    const before = cpuSeconds(estop.pid);
    await pause(WATCHED_MS);
    const seconds = cpuSeconds(estop.pid) - before;
    const corePercent = Math.round((seconds / WATCHED_MS) * 1_000 * 1_000) / 10;
    return { corePercent, rssMib: rssMibOf(estop.pid) };
  } finally {
    await estop.dispose();
  }
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may hold spaces: state is the third field, user and system time the 14th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function rssMibOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024);
}

if (process.argv[1] === import.meta.filename) console.log(await benchIdle());
