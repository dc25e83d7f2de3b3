/** A data folder of a test's own, with the logs that it opens there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedLogOptions, openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import type { EventLog, StoredRecord } from '@estop/log/port';
import type { Topic } from '@estop/schemas/topics';

export const PARTITIONS = 2;

export interface TestFolder {
  readonly path: string;
  /** Opens the log; what was open before is closed first. */
  open(options?: Partial<EmbeddedLogOptions>): Promise<EventLog>;
  dispose(): Promise<void>;
}

export function createTestFolder(): TestFolder {
  const path = mkdtempSync(join(tmpdir(), 'estop-log-'));
  let log: EventLog | undefined;
  return {
    path,
    async open(options) {
      await log?.close();
      log = await openEmbeddedLog({ path, partitions: PARTITIONS, ...options });
      return log;
    },
    async dispose() {
      await log?.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Everything that can be read, starting below the first record. */
export async function readAll(log: EventLog, topic: Topic): Promise<readonly StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (let fromOffset = 0; ; ) {
    const batch = await log.read(topic, 0, { fromOffset, maxRecords: 100 });
    records.push(...batch.records);
    if (batch.nextOffset >= batch.endOffset) return records;
    fromOffset = batch.nextOffset;
  }
}
