/** Trims what is older than its topic keeps, a bounded amount at a time, off the hot path. */

import type { Clock } from '@estop/runtime/clock';
import { TOPICS } from '@estop/schemas/topics';
import type { EmbeddedPartition } from './partition.ts';
import { recordKey } from './record-bytes.ts';
import type { Store } from './store.ts';

const TRIM_RECORDS_MAX = 5_000;

/** Removes at most a run's share of the old records of one partition; answers how many. */
export async function trimPartition(
  store: Store,
  partition: EmbeddedPartition,
  clock: Clock,
): Promise<number> {
  const { retentionMs } = TOPICS[partition.topic];
  if (retentionMs === null) return 0;
  const oldestMs = clock.nowMs() - retentionMs;
  const { records } = partition.read(partition.startOffset, TRIM_RECORDS_MAX);
  const kept = records.findIndex(({ timestampMs }) => timestampMs >= oldestMs);
  const old = kept === -1 ? records : records.slice(0, kept);
  const last = old.at(-1);
  if (last === undefined) return 0;
  await store.records.batch(() => {
    for (const { topic, partition: number, offset } of old) {
      void store.records.remove(recordKey(topic, number, offset));
    }
    void store.ends.put(`${partition.topic}/${partition.partition}`, last.offset + 1);
  });
  partition.trimmed(last.offset + 1);
  return old.length;
}
