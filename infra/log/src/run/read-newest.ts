/** What stands in a partition of a compacted topic: the newest value of each key. */
import type { Topic } from '@estop/schemas/topics';
import type { EventLog, StoredRecord } from '../port.ts';

const READ_RECORDS = 2_000;

export interface NewestValues {
  /** By key; without those whose newest record is a tombstone. */
  readonly newest: Map<string, StoredRecord>;
  readonly nextOffset: number;
}

/** Reads it whole, and knows the schemas of what is left. */
export async function readNewest(
  log: EventLog,
  topic: Topic,
  partition: number,
): Promise<NewestValues> {
  const newest = new Map<string, StoredRecord>();
  let nextOffset = await log.startOffset(topic, partition);
  for (;;) {
    const bounds = { fromOffset: nextOffset, maxRecords: READ_RECORDS };
    const batch = await log.read(topic, partition, bounds);
    for (const stored of batch.records) {
      if (stored.value === null) newest.delete(stored.key);
      else newest.set(stored.key, stored);
    }
    const isEnd = batch.nextOffset >= batch.endOffset || batch.nextOffset === nextOffset;
    nextOffset = batch.nextOffset;
    if (isEnd) break;
  }
  await log.learnSchemas([...newest.values()]);
  return { newest, nextOffset };
}
