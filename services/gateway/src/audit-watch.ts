/** Waits until something that reaches every partition by the log stands in their audit records. */
import { setTimeout as pause } from 'node:timers/promises';
import type { EventLog } from '@estop/log/port';
import type { AuditRecordEvent } from '@estop/schemas/messages';

const POLL_MS = 20;
const READ_RECORDS = 500;

export interface AuditWatch {
  /**
   * How many of the watched partitions recorded a matching event since the watch began; returns
   * early when all did, and after `timeoutMs` at the latest.
   */
  countRecorded(
    matches: (event: AuditRecordEvent) => boolean,
    timeoutMs: number,
  ): Promise<{ readonly recorded: number; readonly partitions: number }>;
}

/** Begins a watch at the current end of these partitions of audit.v1. */
export async function watchAudit(
  log: EventLog,
  partitions: readonly number[],
): Promise<AuditWatch> {
  const nextByPartition = new Map(
    await Promise.all(
      partitions.map(async (partition) => {
        return [partition, await log.endOffset('audit.v1', partition)] as const;
      }),
    ),
  );

  async function hasRecorded(
    partition: number,
    matches: (event: AuditRecordEvent) => boolean,
  ): Promise<boolean> {
    const fromOffset = nextByPartition.get(partition) ?? 0;
    const batch = await log.read('audit.v1', partition, { fromOffset, maxRecords: READ_RECORDS });
    nextByPartition.set(partition, batch.nextOffset);
    await log.learnSchemas(batch.records);
    const codec = log.codec('audit.v1');
    return batch.records.some(
      ({ value }) => value !== null && codec.decode(value).events.some(matches),
    );
  }

  return {
    async countRecorded(matches, timeoutMs) {
      const missing = new Set(partitions);
      const signal = AbortSignal.timeout(timeoutMs);
      while (!signal.aborted) {
        for (const partition of missing) {
          if (await hasRecorded(partition, matches)) missing.delete(partition);
        }
        if (missing.size === 0) break;
        await pause(POLL_MS);
      }
      return { recorded: partitions.length - missing.size, partitions: partitions.length };
    },
  };
}
