/**
 * Search in audit.v1: newest first within a partition, by scanning windows backwards. A search does
 * a bounded amount of work and answers a cursor to go on from.
 */
import type { EventLog, StoredRecord } from '@estop/log/port';
import type { AuditRecord } from '@estop/schemas/messages';
import { matchesFilter, type RecordFilter } from './domain/record-filter.ts';

const WINDOW_RECORDS = 500;
/** Records one search looks at before it answers what it has. */
const SCAN_RECORDS_MAX = 50_000;

export interface FoundRecord {
  readonly partition: number;
  readonly offset: number;
  readonly record: AuditRecord;
}

export interface SearchResult {
  readonly found: readonly FoundRecord[];
  /** Next offset below which to look, per partition; null: everything was looked at. */
  readonly cursor: ReadonlyMap<number, number> | null;
}

/** Looks through partitions, newest first in each, until `limit` records match. */
export async function searchRecords(
  log: EventLog,
  filter: RecordFilter,
  options: {
    readonly partitions: readonly number[];
    readonly limit: number;
    readonly cursor?: ReadonlyMap<number, number>;
    /** Offsets that the chain rule makes void (ChainFollower). */
    readonly voidOffsets: (partition: number) => ReadonlySet<number>;
  },
): Promise<SearchResult> {
  const found: FoundRecord[] = [];
  const below = new Map(options.cursor ?? (await endsOf(log, options.partitions)));
  let scanned = 0;
  while (below.size > 0 && found.length < options.limit && scanned < SCAN_RECORDS_MAX) {
    const [partition, before] = newestOf(below);
    const from = Math.max(await log.startOffset('audit.v1', partition), before - WINDOW_RECORDS);
    const window = await readWindow(log, partition, { from, before });
    scanned += window.length;
    let next = from;
    const isVoid = options.voidOffsets(partition);
    for (const stored of window.reverse()) {
      if (stored.value === null || isVoid.has(stored.offset)) continue;
      const record = log.codec('audit.v1').decode(stored.value);
      if (!matchesFilter(record, filter)) continue;
      found.push({ partition, offset: stored.offset, record });
      if (found.length < options.limit) continue;
      next = stored.offset;
      break;
    }
    const isDone = next <= (await log.startOffset('audit.v1', partition));
    if (isDone) below.delete(partition);
    else below.set(partition, next);
  }
  return { found, cursor: below.size === 0 ? null : below };
}

async function endsOf(
  log: EventLog,
  partitions: readonly number[],
): Promise<readonly (readonly [number, number])[]> {
  const ends = await Promise.all(
    partitions.map(async (p) => [p, await log.endOffset('audit.v1', p)] as const),
  );
  return ends.filter(([, end]) => end > 0);
}

/** Partitions take turns: the one with the most left is looked at next. */
function newestOf(below: ReadonlyMap<number, number>): readonly [number, number] {
  return [...below].reduce((most, entry) => (entry[1] > most[1] ? entry : most));
}

async function readWindow(
  log: EventLog,
  partition: number,
  range: { readonly from: number; readonly before: number },
): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  let fromOffset = range.from;
  while (fromOffset < range.before) {
    const maxRecords = range.before - fromOffset;
    const batch = await log.read('audit.v1', partition, { fromOffset, maxRecords });
    if (batch.records.length === 0) break;
    records.push(...batch.records.filter(({ offset }) => offset < range.before));
    fromOffset = batch.nextOffset;
  }
  await log.learnSchemas(records);
  return records;
}
