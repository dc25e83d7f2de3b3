/**
 * Reads audit.v1 for people: single records, and searches that go from an offset to the end of a
 * partition, a bounded stretch per request. Void records (chain rule) are never shown in a search.
 */
import { createHash } from 'node:crypto';
import { matchesFilter, type RecordFilter } from '@estop/audit/domain/record-filter';
import type { EventLog, StoredRecord } from '@estop/log/port';
import { type ChainPosition, readChain } from '@estop/log/run/chain-reader';
import { EstopError } from '@estop/schemas/errors';
import type { AuditRecord, AuditRecordEvent, Cause } from '@estop/schemas/messages';

const READ_RECORDS = 1_000;
/** Void records remembered per partition: each is the mark of a takeover, so there are few. */
const VOIDS_MAX = 100_000;

export interface RecordBody {
  readonly partition: number;
  readonly offset: number;
  readonly seq: number;
  /** Hex SHA-256 of the previous valid record. */
  readonly prev: string;
  /** Hex SHA-256 of this record. */
  readonly hash: string;
  readonly writer: string;
  readonly cause: Cause;
  readonly at: number;
  readonly subject: string | null;
  readonly policyHash: string | null;
  readonly events: readonly AuditRecordEvent[];
  /** True: another record has this place in the chain, and this one never counted. */
  readonly void?: true;
}

/** Where a search goes on: a partition and an offset. */
export interface RecordCursor {
  readonly partition: number;
  readonly offset: number;
}

export interface SearchOptions {
  readonly filter: RecordFilter;
  /** In this order. */
  readonly partitions: readonly number[];
  /** Where an earlier search stopped; null: the beginning. */
  readonly from: RecordCursor | null;
  readonly limit: number;
  /** Records looked at before the search pauses with a cursor. */
  readonly scanMax: number;
}

export class AuditReader {
  readonly #log: EventLog;
  readonly #chainByPartition = new Map<number, ChainPosition>();
  readonly #voidsByPartition = new Map<number, Set<number>>();

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** One record, valid or void; undefined when there is none. */
  async record(partition: number, offset: number): Promise<RecordBody | undefined> {
    const options = { fromOffset: offset, maxRecords: 1 };
    const { records } = await this.#log.read('audit.v1', partition, options);
    const stored = records[0];
    if (stored === undefined || stored.offset !== offset) return undefined;
    await this.#log.learnSchemas(records);
    const record = this.#decode(stored);
    if (record === undefined) return undefined;
    const body = recordBody(stored, record);
    return (await this.#isValid(stored, record)) ? body : { ...body, void: true };
  }

  /** Valid records that pass the filter, in log order per partition; a cursor when there is more. */
  async search(
    options: SearchOptions,
  ): Promise<{ readonly records: readonly RecordBody[]; readonly next: RecordCursor | null }> {
    const { filter, partitions, limit, scanMax } = options;
    const found: RecordBody[] = [];
    let scanned = 0;
    let at = options.from ?? (await this.#beginningOf(partitions[0], filter));
    while (at !== null && found.length < limit && scanned < scanMax) {
      const { partition, offset } = at;
      const maxRecords = Math.min(READ_RECORDS, scanMax - scanned);
      const reading = { fromOffset: offset, maxRecords };
      const batch = await this.#log.read('audit.v1', partition, reading);
      scanned += batch.records.length;
      const page = await this.#pick(batch.records, filter, limit - found.length);
      found.push(...page.bodies);
      if (page.isPast || (page.nextOffset === null && batch.records.length === 0)) {
        at = await this.#beginningOf(partitions[partitions.indexOf(partition) + 1], filter);
      } else at = { partition, offset: page.nextOffset ?? batch.nextOffset };
    }
    return { records: found, next: at };
  }

  /** The first offset whose record is not older than a time; times never go back in a partition. */
  async #offsetAt(partition: number, atMs: number): Promise<number> {
    let low = await this.#log.startOffset('audit.v1', partition);
    let high = await this.#log.endOffset('audit.v1', partition);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const options = { fromOffset: middle, maxRecords: 1 };
      const { records } = await this.#log.read('audit.v1', partition, options);
      await this.#log.learnSchemas(records);
      const record = records[0] === undefined ? undefined : this.#decode(records[0]);
      if (record !== undefined && record.at < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  async #beginningOf(
    partition: number | undefined,
    { fromMs }: RecordFilter,
  ): Promise<RecordCursor | null> {
    if (partition === undefined) return null;
    const offset =
      fromMs === undefined
        ? await this.#log.startOffset('audit.v1', partition)
        : await this.#offsetAt(partition, fromMs);
    return { partition, offset };
  }

  async #pick(
    records: readonly StoredRecord[],
    filter: RecordFilter,
    limit: number,
  ): Promise<{
    readonly bodies: readonly RecordBody[];
    /** Where to go on inside the batch; null: after it. */
    readonly nextOffset: number | null;
    /** Everything from here on is too new. */
    readonly isPast: boolean;
  }> {
    await this.#log.learnSchemas(records);
    const bodies: RecordBody[] = [];
    for (const stored of records) {
      if (bodies.length >= limit) return { bodies, nextOffset: stored.offset, isPast: false };
      const record = this.#decode(stored);
      if (record === undefined) continue;
      if (filter.toMs !== undefined && record.at >= filter.toMs) {
        return { bodies, nextOffset: null, isPast: true };
      }
      if (!matchesFilter(record, filter) || !(await this.#isValid(stored, record))) continue;
      bodies.push(recordBody(stored, record));
    }
    return { bodies, nextOffset: null, isPast: false };
  }

  /**
   * As long as no record of a partition is void, the sequence number is the offset, and a record
   * that has it can only be valid. Only where they differ the chain is followed from its start.
   */
  async #isValid(stored: StoredRecord, record: AuditRecord): Promise<boolean> {
    const { partition, offset } = stored;
    if (record.seq === offset) return true;
    const known = this.#chainByPartition.get(partition);
    const voids = this.#voidsByPartition.get(partition) ?? new Set<number>();
    if (known === undefined || known.nextOffset <= offset) {
      const position = await readChain(this.#log, partition, {
        ...(known === undefined ? {} : { from: known }),
        onRecord: () => undefined,
        onVoid: (one) => void (voids.size < VOIDS_MAX && voids.add(one.offset)),
      });
      this.#chainByPartition.set(partition, position);
      this.#voidsByPartition.set(partition, voids);
    }
    return !voids.has(offset);
  }

  #decode({ value }: StoredRecord): AuditRecord | undefined {
    if (value === null) return undefined;
    try {
      return this.#log.codec('audit.v1').decode(value);
    } catch (error) {
      if (error instanceof EstopError && error.code === 'value-malformed') return undefined;
      throw error;
    }
  }
}

function recordBody({ partition, offset, value }: StoredRecord, record: AuditRecord): RecordBody {
  const { seq, prev, writer, cause, at, subject, policyHash, events } = record;
  const hash = createHash('sha256')
    .update(value ?? '')
    .digest('hex');
  const previous = Buffer.from(prev).toString('hex');
  return {
    partition,
    offset,
    seq,
    prev: previous,
    hash,
    writer,
    cause,
    at,
    subject,
    policyHash,
    events,
  };
}
