/** `appendAt` for logs that can only append one batch after the other. */
import {
  APPEND_RECORDS_MAX,
  type AppendSteps,
  type Batch,
  type EventLog,
  type HeadBatch,
  HeadLostError,
} from './port.ts';

/** Appends the head, compares where it stands, then appends the rest, in order within a topic. */
export function appendInSteps(
  log: Pick<EventLog, 'append'>,
  head: HeadBatch,
  rest: readonly Batch[],
): AppendSteps {
  const proven = prove(log, head);
  const complete = proven.then(() => appendAll(log, rest));
  // A failed step surfaces where its promise is awaited; until then it is not unhandled.
  complete.catch(() => undefined);
  return { proven, complete };
}

async function prove(log: Pick<EventLog, 'append'>, head: HeadBatch): Promise<number | null> {
  const { topic, partition } = head;
  let expected = head.offset;
  let stampedMs: number | null = null;
  for (const records of chunksOf(head)) {
    const { baseOffset, timestampMs } = await log.append(topic, partition, records);
    if (baseOffset !== expected) throw headLost(head, { baseOffset, expected });
    expected += records.length;
    stampedMs = timestampMs;
  }
  return stampedMs;
}

async function appendAll(log: Pick<EventLog, 'append'>, batches: readonly Batch[]): Promise<void> {
  await Promise.all(
    batches.map(async (batch) => {
      const { topic, partition } = batch;
      for (const records of chunksOf(batch)) await log.append(topic, partition, records);
    }),
  );
}

function* chunksOf({ records }: Batch): Generator<Batch['records']> {
  for (let at = 0; at < records.length; at += APPEND_RECORDS_MAX) {
    yield records.slice(at, at + APPEND_RECORDS_MAX);
  }
}

export function headLost(
  { topic, partition }: Pick<HeadBatch, 'topic' | 'partition'>,
  seen: { readonly baseOffset: number; readonly expected: number },
): HeadLostError {
  const where = `it would stand at ${seen.baseOffset}, not at ${seen.expected}`;
  return new HeadLostError(`${topic} partition ${partition} has another writer: ${where}`);
}
