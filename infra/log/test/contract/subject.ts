/** What the parts of the contract suite share: the log under test, records, waiting. */
import type { EventLog, NewRecord, StoredRecord } from '@estop/log/port';
import type { Topic } from '@estop/schemas/topics';

export interface LogUnderTest {
  readonly log: EventLog;
  /** Closes the log and opens it again. */
  readonly reopen: () => Promise<EventLog>;
  readonly dispose: () => Promise<void>;
}

export const INTENTS = 'intents.v1' satisfies Topic;
export const OUTCOMES = 'outcomes.v1' satisfies Topic;
export const COMMANDS = 'commands.v1' satisfies Topic;
export const WAIT_MS = 2_000;

const PATIENCE_MS = 15_000;

export function record(text: string, key = `key ${text}`): NewRecord {
  return { key, value: Buffer.from(text) };
}

export function texts(records: readonly StoredRecord[]): readonly (string | null)[] {
  return records.map(({ value }) => value?.toString() ?? null);
}

export async function readAll(
  log: EventLog,
  topic: Topic,
  partition: number,
): Promise<readonly StoredRecord[]> {
  const records: StoredRecord[] = [];
  const end = await log.endOffset(topic, partition);
  for (let fromOffset = 0; fromOffset < end; ) {
    const batch = await log.read(topic, partition, { fromOffset, maxRecords: 100 });
    records.push(...batch.records);
    fromOffset = batch.nextOffset;
  }
  return records;
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}

export async function eventually(check: () => void | Promise<void>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
