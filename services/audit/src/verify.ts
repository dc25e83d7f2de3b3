/**
 * Verification of audit.v1: the chain of every partition from its first record, and that the state
 * rebuilt from it is the one that decides.
 */
import { createHash } from 'node:crypto';
import type { EventLog } from '@estop/log/port';
import { readChain, type ValidRecord } from '@estop/log/run/chain-reader';
import { createRebuild } from '@estop/policy/domain/rebuild';
import { EstopError, messageOf } from '@estop/schemas/errors';

export interface PartitionVerdict {
  readonly partition: number;
  /** Valid records. */
  readonly records: number;
  /** Records that do not extend the chain: late writes of a writer that lost its partition. */
  readonly voidRecords: number;
  /** SHA-256 of the last valid record, hex. */
  readonly head: string;
  /** SHA-256 of the rebuilt state's canonical text, hex. */
  readonly stateHash: string;
  /** Whether the rebuilt state was compared with the one that decides. */
  readonly isLive: boolean;
  /** Null: verifies. */
  readonly problem: string | null;
}

/** The canonical live state of a partition, or undefined when nobody here owns it. */
export type LiveState = (
  partition: number,
) => Promise<{ readonly nextOffset: number; readonly text: string } | undefined>;

/**
 * Verifies every partition; a problem is an answer, not an exception. With a live state, the state
 * rebuilt up to the same record must equal it byte for byte.
 */
export async function verifyLog(
  log: EventLog,
  liveState: LiveState = async () => undefined,
): Promise<readonly PartitionVerdict[]> {
  const verdicts: PartitionVerdict[] = [];
  for (let partition = 0; partition < log.partitions; partition += 1) {
    verdicts.push(await verifyPartition(log, partition, liveState));
  }
  return verdicts;
}

async function verifyPartition(
  log: EventLog,
  partition: number,
  liveState: LiveState,
): Promise<PartitionVerdict> {
  const live = await liveState(partition);
  const rebuild = createRebuild(partition);
  try {
    const onRecord = ({ record, stored }: ValidRecord) => rebuild.apply(record, stored.offset);
    const untilOffset = live?.nextOffset ?? Number.POSITIVE_INFINITY;
    const reached = await readChain(log, partition, { onRecord, untilOffset });
    const text = rebuild.text();
    const differs = live !== undefined && live.text !== text;
    const { head, voidRecords } = await readChain(log, partition, { from: reached, onRecord });
    return {
      partition,
      records: head.seq + 1,
      voidRecords,
      head: head.hash.toString('hex'),
      stateHash: createHash('sha256').update(text).digest('hex'),
      isLive: live !== undefined,
      problem: differs ? 'the rebuilt state differs from the live one' : null,
    };
  } catch (error) {
    if (!(error instanceof EstopError)) throw error;
    const none = { records: 0, voidRecords: 0, head: '', stateHash: '', isLive: false };
    return { partition, ...none, problem: messageOf(error) };
  }
}
