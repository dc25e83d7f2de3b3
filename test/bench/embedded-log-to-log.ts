/**
 * Embedded log to log: intents that stand in the log are decided and their audit records and
 * decisions durable. Rival of the same run: LMDB alone, writing bytes of the same sizes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import type { EventLog } from '@estop/log/port';
import { open } from 'lmdb';
import { appendIntents, decideAll } from './log-to-log.ts';

const PARTITIONS = 12;
const INTENTS = Number(process.env['BENCH_INTENTS'] ?? 120_000);
const BATCH = 500;

export interface LogToLogRow {
  readonly decisionsPerSecond: number;
  readonly rivalRecordsPerSecond: number;
}

export async function benchEmbeddedLogToLog(): Promise<LogToLogRow> {
  const folder = mkdtempSync(join(tmpdir(), 'estop-bench-'));
  try {
    const log = await openEmbeddedLog({ path: join(folder, 'log'), partitions: PARTITIONS });
    await appendIntents(log, INTENTS);
    const decisionsPerSecond = await decideAll(log, INTENTS);
    const sizes = await recordSizes(log);
    await log.close();
    const rivalRecordsPerSecond = await writeWithLmdb(join(folder, 'rival'), sizes);
    return { decisionsPerSecond, rivalRecordsPerSecond };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function recordSizes(log: EventLog): Promise<number> {
  const { records } = await log.read('audit.v1', 0, { fromOffset: 10, maxRecords: 1 });
  return records[0]?.value?.length ?? 0;
}

/** Batches of 500 records of the size of an audit record, each synced before the next. */
async function writeWithLmdb(path: string, bytes: number): Promise<number> {
  const db = open<Buffer, number>({ path, encoding: 'binary' });
  const value = Buffer.alloc(bytes, 1);
  const started = performance.now();
  for (let at = 0; at < INTENTS; at += BATCH) {
    void db.batch(() => {
      for (let index = at; index < at + BATCH; index += 1) void db.put(index, value);
    });
    await db.flushed;
  }
  const perSecond = INTENTS / ((performance.now() - started) / 1_000);
  await db.close();
  return perSecond;
}

if (process.argv[1] === import.meta.filename) {
  console.log(await benchEmbeddedLogToLog());
}
