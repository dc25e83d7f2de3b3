/** What waits to be written: a batch that a caller appends, or single records that share one. */
import { APPEND_RECORDS_MAX, type Appended, type NewRecord } from '../port.ts';
import { BATCH_HEADER_BYTES, encodeBatch, RECORD_OVERHEAD_BYTES } from './record-batch.ts';

export interface Writing {
  readonly count: number;
  /** About what it takes on the wire; never less. */
  readonly bytes: number;
  readonly queuedAtMs: number;
  /** The encoded batch, once it is numbered: sent again, it is the same. */
  readonly batch: Buffer | null;
  encode(): Buffer;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

interface Settle {
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** The size of a batch with these records, at most. */
export function sizeOf(records: readonly NewRecord[]): number {
  let bytes = BATCH_HEADER_BYTES;
  for (const record of records) bytes += recordBytes(record);
  return bytes;
}

export function recordBytes({ key, value, headers = {} }: NewRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + Buffer.byteLength(key) + (value?.length ?? 0);
  for (const [name, text] of Object.entries(headers)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(text) + RECORD_OVERHEAD_BYTES;
  }
  return bytes;
}

/** One caller's batch. */
export class AppendWriting implements Writing {
  readonly count: number;
  readonly bytes: number;
  readonly queuedAtMs: number;
  readonly resolve: Settle['resolve'];
  readonly reject: Settle['reject'];
  #records: readonly NewRecord[];
  #batch: Buffer | null = null;

  constructor(
    records: readonly NewRecord[],
    settle: Settle & { queuedAtMs: number; bytes: number },
  ) {
    this.count = records.length;
    this.bytes = settle.bytes;
    this.queuedAtMs = settle.queuedAtMs;
    this.resolve = settle.resolve;
    this.reject = settle.reject;
    this.#records = records;
  }

  get batch(): Buffer | null {
    return this.#batch;
  }

  encode(): Buffer {
    this.#batch = encodeBatch(this.#records, this.bytes);
    this.#records = [];
    return this.#batch;
  }
}

/** Single records of several callers: each gets its own position. */
export class SharedWriting implements Writing {
  readonly queuedAtMs: number;
  #records: NewRecord[] = [];
  readonly #settles: Settle[] = [];
  #bytes = BATCH_HEADER_BYTES;
  #batch: Buffer | null = null;

  constructor(queuedAtMs: number) {
    this.queuedAtMs = queuedAtMs;
  }

  get count(): number {
    return this.#settles.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get batch(): Buffer | null {
    return this.#batch;
  }

  /** Whether the record still fits; not once the batch is on its way. */
  takes(bytes: number, bytesMax: number): boolean {
    const isOpen = this.#batch === null && this.count < APPEND_RECORDS_MAX;
    return isOpen && this.#bytes + bytes <= bytesMax;
  }

  add(record: NewRecord, bytes: number, settle: Settle): void {
    this.#records.push(record);
    this.#settles.push(settle);
    this.#bytes += bytes;
  }

  encode(): Buffer {
    this.#batch = encodeBatch(this.#records, this.#bytes);
    this.#records = [];
    return this.#batch;
  }

  resolve({ baseOffset, timestampMs }: Appended): void {
    for (const [index, { resolve }] of this.#settles.entries()) {
      resolve({ baseOffset: baseOffset + index, timestampMs });
    }
  }

  reject(error: unknown): void {
    for (const { reject } of this.#settles) reject(error);
  }
}
