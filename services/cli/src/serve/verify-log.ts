/**
 * Verification of the audit log: the chain of each partition, and that the state rebuilt from it
 * equals the live one, byte for byte.
 */
import type { EventLog } from '@estop/log/port';
import { CHAIN_START, type ChainPosition, readChain } from '@estop/log/run/chain-reader';
import { createRebuild } from '@estop/policy/domain/rebuild';
import { sha256Text } from '@estop/schemas/digest';
import { messageOf } from '@estop/schemas/errors';

/** How often a partition is looked at anew when its live state moved on under the comparison. */
const LOOKS_MAX = 3;
/** How long a live state that is ahead of the log may take to be written, ms. */
const SETTLE_MS = 2_000;
const SETTLE_STEP_MS = 20;

export interface PartitionReport {
  readonly partition: number;
  /** Valid records of the chain. */
  readonly records: number;
  /** Records that every reader ignores: a writer that had lost the partition wrote them. */
  readonly voidRecords: number;
  /** SHA-256 of the last valid record, hex. */
  readonly head: string;
  /** Digest of the state rebuilt from the chain. */
  readonly state: string;
  /** Whether it equals the live state; `elsewhere`: no live state is in this process. */
  readonly live: 'equal' | 'differs' | 'elsewhere';
  /** Why the chain could not be read to its end; null: it could. */
  readonly problem: string | null;
}

/** The live state of a partition as canonical text; undefined when it is not in this process. */
export type LiveState = (partition: number) => string | undefined;

/** One report for each partition, in order. Never throws for what the log holds. */
export async function* verifyLog(log: EventLog, live: LiveState): AsyncGenerator<PartitionReport> {
  for (let partition = 0; partition < log.partitions; partition += 1) {
    try {
      yield await verifyPartition(log, partition, live);
    } catch (error) {
      const nothing = { partition, records: 0, voidRecords: 0, head: '', state: '' };
      yield { ...nothing, live: 'elsewhere', problem: messageOf(error) };
    }
  }
}

export function isSound(report: PartitionReport): boolean {
  return report.problem === null && report.live !== 'differs';
}

async function verifyPartition(
  log: EventLog,
  partition: number,
  live: LiveState,
): Promise<PartitionReport> {
  for (let look = 1; ; look += 1) {
    const report = await compare(log, partition, live);
    if (report.live !== 'differs' || look >= LOOKS_MAX) return report;
  }
}

/**
 * Takes the live state, then rebuilds: up to the end the log had before, at once; from there record
 * by record, until the states meet. The live state may run ahead of the log by one batch.
 */
async function compare(
  log: EventLog,
  partition: number,
  live: LiveState,
): Promise<PartitionReport> {
  const rebuild = createRebuild(partition);
  const untilOffset = await log.endOffset('audit.v1', partition);
  const wanted = live(partition);
  let meets = false;
  let position = await readChain(log, partition, {
    untilOffset,
    onRecord: ({ record, stored }) => rebuild.apply(record, stored.offset),
  });
  const deadlineMs = performance.now() + SETTLE_MS;
  meets = wanted === undefined || rebuild.text() === wanted;
  while (!meets && performance.now() < deadlineMs) {
    position = await readChain(log, partition, {
      from: position,
      onRecord: ({ record, stored }) => {
        if (meets) return;
        rebuild.apply(record, stored.offset);
        meets = rebuild.text() === wanted;
      },
    });
    if (!meets) await new Promise((resolve) => setTimeout(resolve, SETTLE_STEP_MS));
  }
  const verdict = wanted === undefined ? 'elsewhere' : meets ? 'equal' : 'differs';
  return { ...reportOf(partition, position), state: sha256Text(rebuild.text()), live: verdict };
}

function reportOf(
  partition: number,
  position: ChainPosition,
): Omit<PartitionReport, 'state' | 'live'> {
  const { head, voidRecords } = position;
  const records = head.seq - CHAIN_START.head.seq;
  return { partition, records, voidRecords, head: head.hash.toString('hex'), problem: null };
}
