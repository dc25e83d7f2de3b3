/**
 * The chain rule of DESIGN §4, written down a second time so that it can disagree with the first: a
 * record is valid iff its `prev` is the SHA-256 of the last valid record of its partition and its
 * `seq` the next number. Every other record must be what a writer left who had lost its partition.
 */
import { createHash } from 'node:crypto';
import type { AuditRecord } from '@estop/schemas/messages';
import { createDecoder } from './decoding.ts';
import { placeOf, type RawRecord, type Violation } from './history.ts';

const GENESIS = '0'.repeat(64);

export interface ValidRecord {
  readonly at: RawRecord;
  readonly record: AuditRecord;
  readonly hash: string;
}

export interface Chains {
  /** In the order of the log, partition by partition. */
  readonly valid: readonly ValidRecord[];
  readonly voidRecords: number;
  readonly violations: readonly Violation[];
}

/** Reads all partitions; says of each void record whether it is explained. */
export function readChains(records: readonly RawRecord[]): Chains {
  const valid: ValidRecord[] = [];
  const violations: Violation[] = [];
  let voidRecords = 0;
  for (const ofPartition of byPartition(records).values()) {
    const chain = new PartitionChain(ofPartition);
    valid.push(...chain.valid);
    violations.push(...chain.violations);
    voidRecords += chain.voidRecords;
  }
  return { valid, voidRecords, violations };
}

function byPartition(records: readonly RawRecord[]): ReadonlyMap<number, RawRecord[]> {
  const map = new Map<number, RawRecord[]>();
  for (const record of records) {
    const own = map.get(record.partition) ?? [];
    own.push(record);
    map.set(record.partition, own);
  }
  for (const own of map.values()) own.sort((one, other) => one.offset - other.offset);
  return map;
}

class PartitionChain {
  readonly valid: ValidRecord[] = [];
  readonly violations: Violation[] = [];
  voidRecords = 0;
  readonly #decode = createDecoder('audit.v1');
  #expectedOffset = 0;
  /** Hashes of void records that are explained, and who wrote them: more may rest on them. */
  readonly #voidWriters = new Map<string, string>();

  constructor(records: readonly RawRecord[]) {
    for (const at of records) this.#take(at);
  }

  #take(at: RawRecord): void {
    if (at.offset !== this.#expectedOffset) {
      this.#report('log-gap', at, `follows offset ${this.#expectedOffset - 1}: records are gone`);
    }
    this.#expectedOffset = at.offset + 1;
    const record = this.#decode(at.value);
    if (record === undefined || at.value === null) {
      return this.#report('audit-unreadable', at, 'is no audit record');
    }
    const last = this.valid.at(-1);
    const hash = createHash('sha256').update(at.value).digest('hex');
    const prev = Buffer.from(record.prev).toString('hex');
    const extendsChain = record.seq === this.valid.length && prev === (last?.hash ?? GENESIS);
    if (extendsChain) this.valid.push({ at, record, hash });
    else this.#takeVoid(at, record, { hash, prev });
  }

  /** Its writer believed that another record was the last one: one that was overtaken meanwhile. */
  #takeVoid(
    at: RawRecord,
    { seq, writer }: AuditRecord,
    { hash, prev }: { readonly hash: string; readonly prev: string },
  ): void {
    this.voidRecords += 1;
    const restsOnVoid = this.#voidWriters.get(prev) === writer;
    const winner = this.valid[seq];
    const before = seq === 0 ? GENESIS : this.valid[seq - 1]?.hash;
    const lostRace = before === prev && winner !== undefined && winner.record.writer !== writer;
    if (restsOnVoid || lostRace) this.#voidWriters.set(hash, writer);
    else this.#report('void-unexplained', at, `seq ${seq} of ${writer} was overtaken by nobody`);
  }

  #report(rule: string, { partition, offset }: RawRecord, text: string): void {
    this.violations.push({ rule, place: placeOf({ topic: 'audit.v1', partition, offset }), text });
  }
}
