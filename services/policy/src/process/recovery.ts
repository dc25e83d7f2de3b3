/**
 * The state of a partition at takeover: from its snapshot and the records since, or from the first
 * record on when there is no snapshot that agrees with the log.
 */
import {
  CHAIN_START,
  type ChainPosition,
  readChain,
  readChainBefore,
} from '@estop/log/run/chain-reader';
import { EntryHashes } from '@estop/log/run/entry-hashes';
import { messageOf } from '@estop/schemas/errors';
import { invariant } from '@estop/schemas/invariant';
import { applyRecord } from '../domain/apply-record.ts';
import { type FoldedRecord, type RestoredFold, restore } from '../domain/snapshot/restore.ts';
import type { PartitionState } from '../domain/state.ts';
import type { LogTime } from './log-time.ts';
import type { PartitionDeps } from './partition-context.ts';
import { RECENT_RECORDS, RecentRecords } from './recent-records.ts';
import { type ReadSnapshot, readSnapshot, type SnapshotTopic } from './snapshot/read-snapshot.ts';
import { MANIFEST_KEY } from './snapshot/snapshot-entries.ts';
import { type SnapshotBase, SnapshotWriter } from './snapshot/snapshot-writer.ts';

export interface Recovered {
  readonly position: ChainPosition;
  /** The last records of the log whose effects may not be out. */
  readonly recent: readonly FoldedRecord[];
  readonly snapshots: SnapshotWriter;
  /** Records that were folded. */
  readonly folded: number;
}

type RecoveryDeps = Pick<PartitionDeps, 'log' | 'clock' | 'logger' | 'metrics' | 'provenHeads'>;

/** Fills in a state that is new. */
export async function recover(
  deps: RecoveryDeps,
  { state, time }: { readonly state: PartitionState; readonly time: LogTime },
): Promise<Recovered> {
  const { log } = deps;
  const { partition } = state;
  const read = await readSnapshot(log, partition);
  const topic = read.kind === 'refused' ? await throwAway(deps, partition, read) : read;
  const { from, fold, base, releasedOffset } = begin(state, read, topic);
  const snapshots = new SnapshotWriter(deps, state, base);
  const recent = new RecentRecords();
  let folded = 0;
  const position = await readChain(log, partition, {
    from,
    through: deps.provenHeads.get(partition),
    onRecord: (valid) => {
      const { stored } = valid;
      const heading = valid.heading();
      time.saw(stored.timestampMs);
      fold.apply(valid, heading);
      recent.add(valid);
      snapshots.applied(heading.subject, stored.value?.length ?? 0);
      folded += 1;
    },
  });
  deps.metrics.foldedRecords.inc(folded);
  // Effects are released again whether or not the snapshot holds their records.
  const wanted = from.nextOffset - Math.max(0, RECENT_RECORDS - folded);
  const fromOffset = Math.max(0, wanted, releasedOffset);
  const before = await readChainBefore(log, partition, { fromOffset, before: from });
  invariant(before !== undefined, 'the snapshot was held against the log');
  for (const { stored } of before) time.saw(stored.timestampMs);
  return { position, recent: [...before, ...recent.all()], snapshots, folded };
}

function begin(
  state: PartitionState,
  read: ReadSnapshot,
  { keys, nextOffset }: SnapshotTopic,
): {
  readonly from: ChainPosition;
  readonly fold: Pick<RestoredFold, 'apply'>;
  readonly base: SnapshotBase;
  readonly releasedOffset: number;
} {
  if (read.kind === 'read') {
    const { snapshot, manifest: position, hashes } = read;
    const fold = restore(state, snapshot);
    return {
      from: { nextOffset: position.nextOffset, head: position.head, voidRecords: 0 },
      fold,
      base: { hashes, position, stale: [], nextOffset },
      releasedOffset: position.releasedOffset,
    };
  }
  return {
    from: CHAIN_START,
    fold: { apply: ({ record, offset }) => applyRecord(state, record, offset) },
    base: { hashes: new EntryHashes(), position: null, stale: staleFirst(keys), nextOffset },
    releasedOffset: 0,
  };
}

/**
 * Nobody shall read again what was refused once: its manifest goes at once. Answers what stands on
 * the topic then.
 */
async function throwAway(
  { log, logger, metrics }: RecoveryDeps,
  partition: number,
  refused: Extract<ReadSnapshot, { readonly kind: 'refused' }>,
): Promise<SnapshotTopic> {
  const { keys, nextOffset, disagreement } = refused;
  metrics.snapshotsRefused.inc();
  const text = 'the snapshot is not trusted and thrown away; folding the whole log';
  logger.error({ partition, disagreement }, text);
  try {
    const gone = [{ key: MANIFEST_KEY, value: null }];
    const { baseOffset } = await log.append('snapshots.v1', partition, gone);
    return { keys: keys.filter((key) => key !== MANIFEST_KEY), nextOffset: baseOffset + 1 };
  } catch (error) {
    logger.error({ partition, problem: messageOf(error) }, 'its manifest still stands');
    return { keys, nextOffset };
  }
}

/** The manifest goes first: without it the rest is nothing. */
function staleFirst(keys: readonly string[]): readonly string[] {
  const isFirst = keys.includes(MANIFEST_KEY);
  return isFirst ? [MANIFEST_KEY, ...keys.filter((key) => key !== MANIFEST_KEY)] : keys;
}
