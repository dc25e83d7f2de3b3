/**
 * Reading audit.v1 by the chain rule: every reader of the log goes through here, so that a void
 * record is ignored the same way everywhere, and counted.
 */
import { AUDIT_HEADING, type AuditHeading } from '@estop/schemas/audit-heading';
import type { Codec } from '@estop/schemas/codec';
import { EstopError } from '@estop/schemas/errors';
import { invariant } from '@estop/schemas/invariant';
import type { AuditRecord } from '@estop/schemas/messages';
import {
  type ChainHead,
  extendsChain,
  GENESIS,
  headAfter,
  passesThrough,
  previousHash,
  valueHash,
} from '../chain.ts';
import type { EventLog, StoredRecord } from '../port.ts';

const READ_RECORDS = 2_000;

export interface ChainPosition {
  readonly head: ChainHead;
  /** Offset of the next record to read. */
  readonly nextOffset: number;
  /** Records so far that did not extend the chain. */
  readonly voidRecords: number;
}

export const CHAIN_START: ChainPosition = { head: GENESIS, nextOffset: 0, voidRecords: 0 };

/** A record of the chain. Its content is decoded when it is first asked for: the rule needs none. */
export class ValidRecord {
  readonly stored: StoredRecord;
  readonly #codec: Codec<AuditRecord>;
  #record: AuditRecord | null = null;

  constructor(stored: StoredRecord, codec: Codec<AuditRecord>) {
    this.stored = stored;
    this.#codec = codec;
  }

  get offset(): number {
    return this.stored.offset;
  }

  /** A linked record that cannot be decoded is damage, not a void record: the error goes up. */
  get record(): AuditRecord {
    this.#record ??= this.#codec.decode(this.#value);
    return this.#record;
  }

  /** Read anew with each call: whoever keeps the record keeps its bytes alone. */
  heading(): AuditHeading {
    return this.#codec.reader<AuditHeading>(AUDIT_HEADING)(this.#value);
  }

  get #value(): Buffer {
    const { value } = this.stored;
    invariant(value !== null, 'a record of the chain has a value');
    return value;
  }
}

/**
 * Reads a partition of audit.v1 from a position to its end and hands over each valid record in
 * order. Answers the position reached. Throws `log-truncated` when the log does not begin where the
 * position says, or has not what it once proved: acknowledged records are gone.
 */
export async function readChain(
  log: EventLog,
  partition: number,
  options: {
    readonly from?: ChainPosition;
    /** A head that this process has seen proven: the chain still goes through it. */
    readonly through?: ChainHead | undefined;
    readonly onRecord: (valid: ValidRecord) => void;
    readonly onVoid?: (stored: StoredRecord) => void;
    /** Stops before this offset; default: the end. */
    readonly untilOffset?: number;
  },
): Promise<ChainPosition> {
  const { from = CHAIN_START, untilOffset = Number.POSITIVE_INFINITY, through } = options;
  let { head, nextOffset, voidRecords } = from;
  const codec = log.codec('audit.v1');
  await refuseTruncated(log, partition, nextOffset);
  refuseFork(partition, head, through);
  while (nextOffset < untilOffset) {
    const maxRecords = Math.min(READ_RECORDS, untilOffset - nextOffset);
    const batch = await log.read('audit.v1', partition, { fromOffset: nextOffset, maxRecords });
    if (batch.records.length === 0) break;
    await log.learnSchemas(batch.records);
    for (const stored of batch.records) {
      const { value } = stored;
      if (value === null || !extendsChain(head, value)) {
        voidRecords += 1;
        options.onVoid?.(stored);
        continue;
      }
      head = headAfter(head, value);
      refuseFork(partition, head, through);
      options.onRecord(new ValidRecord(stored, codec));
    }
    nextOffset = batch.nextOffset;
  }
  if (through !== undefined && head.seq < through.seq) throw forked(partition, through);
  return { head, nextOffset, voidRecords };
}

/**
 * The valid records from an offset up to a position, oldest first: each is proven by the one behind
 * it, the last by the head. Void records are left out. Undefined when the head is not the hash of
 * the record before the position, or its number is another.
 */
export async function readChainBefore(
  log: EventLog,
  partition: number,
  { fromOffset, before }: { readonly fromOffset: number; readonly before: ChainPosition },
): Promise<readonly ValidRecord[] | undefined> {
  const stored: StoredRecord[] = [];
  for (let at = fromOffset; at < before.nextOffset; ) {
    const maxRecords = Math.min(READ_RECORDS, before.nextOffset - at);
    const batch = await log.read('audit.v1', partition, { fromOffset: at, maxRecords });
    if (batch.records.length === 0) return undefined;
    stored.push(...batch.records);
    at = batch.nextOffset;
  }
  await log.learnSchemas(stored);
  const valid: ValidRecord[] = [];
  let wanted: Buffer | undefined = before.head.hash;
  for (const one of stored.reverse()) {
    const { value, offset } = one;
    const isLast: boolean = offset === before.nextOffset - 1;
    if (value === null || wanted === undefined || !valueHash(value).equals(wanted)) {
      if (isLast) return undefined;
      continue;
    }
    const found = new ValidRecord(one, log.codec('audit.v1'));
    if (isLast && found.record.seq !== before.head.seq) return undefined;
    wanted = previousHash(value);
    valid.push(found);
  }
  return valid.reverse();
}

async function refuseTruncated(log: EventLog, partition: number, from: number): Promise<void> {
  const [start, end] = await Promise.all([
    log.startOffset('audit.v1', partition),
    log.endOffset('audit.v1', partition),
  ]);
  if (start <= from && end >= from) return;
  const where = `audit.v1 partition ${partition} holds offsets ${start} to ${end}`;
  throw new EstopError('log-truncated', `${where}, expected ${from}: records are missing`);
}

/** New records may stand where acknowledged ones vanished: then the log is as long as it was. */
function refuseFork(partition: number, head: ChainHead, through: ChainHead | undefined): void {
  if (through === undefined || passesThrough(head, through)) return;
  throw forked(partition, through);
}

function forked(partition: number, { seq }: ChainHead): EstopError {
  const where = `audit.v1 partition ${partition} has no longer the record ${seq} that it proved`;
  return new EstopError('log-truncated', `${where}: acknowledged records vanished`);
}
