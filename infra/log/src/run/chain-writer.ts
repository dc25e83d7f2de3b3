/**
 * The only way records get into audit.v1. A writer knows the head and the next offset of its
 * partition; it encodes and links records and appends them where they must stand to be valid.
 * Anything else means that another writer was there: `HeadLostError`, and the owner folds again.
 */
import { EstopError } from '@estop/schemas/errors';
import type { AuditRecord } from '@estop/schemas/messages';
import { TOPICS } from '@estop/schemas/topics';
import { headLost } from '../append-steps.ts';
import { type ChainHead, headAfter } from '../chain.ts';
import type { AppendSteps, Batch, EventLog, NewRecord } from '../port.ts';
import type { ChainPosition } from './chain-reader.ts';

export type RecordDraft = Omit<AuditRecord, 'seq' | 'prev' | 'writer'>;

export interface LinkedRecord {
  readonly record: AuditRecord;
  /** Where it will stand if the append proves it. */
  readonly offset: number;
  /** Of its value. */
  readonly bytes: number;
}

export class ChainWriter {
  readonly #log: EventLog;
  readonly #partition: number;
  readonly #writer: string;
  #head: ChainHead;
  #nextOffset: number;
  #batch: NewRecord[] = [];

  constructor(
    log: EventLog,
    options: {
      readonly partition: number;
      /** Names this process and this takeover; unique. */
      readonly writer: string;
      readonly position: ChainPosition;
    },
  ) {
    this.#log = log;
    this.#partition = options.partition;
    this.#writer = options.writer;
    this.#head = options.position.head;
    this.#nextOffset = options.position.nextOffset;
  }

  /** One past the last record linked. */
  get nextOffset(): number {
    return this.#nextOffset;
  }

  /** The last record linked. */
  get head(): ChainHead {
    return this.#head;
  }

  /**
   * Links one record to the chain; it is nowhere until `commit` resolves. Throws `record-too-large`
   * and leaves the chain as it was.
   */
  link(draft: RecordDraft): LinkedRecord {
    const { hash: prev, seq } = this.#head;
    const record: AuditRecord = { seq: seq + 1, prev, writer: this.#writer, ...draft };
    const value = this.#log.codec('audit.v1').encode(record);
    const { valueBytesMax } = TOPICS['audit.v1'];
    if (value.length > valueBytesMax) {
      const text = `an audit record of ${value.length} bytes, at most ${valueBytesMax} fit`;
      throw new EstopError('record-too-large', text);
    }
    this.#head = headAfter(this.#head, value);
    this.#batch.push({ key: draft.subject ?? '', value });
    const offset = this.#nextOffset;
    this.#nextOffset += 1;
    return { record, offset, bytes: value.length };
  }

  /**
   * Appends what was linked, and after its proof what rests on it. When a step fails, nothing linked
   * since the last commit may be acted upon, and this writer is finished. Call it when the commit
   * before is proven.
   */
  commit(rest: readonly Batch[]): AppendSteps {
    const records = this.#batch;
    this.#batch = [];
    const offset = this.#nextOffset - records.length;
    const head = { topic: 'audit.v1', partition: this.#partition, offset, records } as const;
    if (records.length > 0 || rest.length === 0) return this.#log.appendAt(head, rest);
    const proven = this.#proveEnd();
    const complete = proven.then(() => this.#log.appendAt(head, rest).complete);
    // A failed step surfaces where its promise is awaited; until then it is not unhandled.
    complete.catch(() => undefined);
    return { proven, complete };
  }

  /**
   * Appends what must be in the log before the records linked since the last commit are. Call it
   * when the commit before is proven; rejects as `commit` does.
   */
  async appendFirst(batches: readonly Batch[]): Promise<void> {
    await this.#proveEnd();
    const offset = this.#nextOffset - this.#batch.length;
    const head = { topic: 'audit.v1', partition: this.#partition, offset, records: [] } as const;
    await this.#log.appendAt(head, batches).complete;
  }

  /**
   * What leaves without a record of its own rests on the state all the same, which is worth nothing
   * once another writer has gone on: a repeated answer could be old, a dead letter wrong.
   */
  async #proveEnd(): Promise<null> {
    const end = await this.#log.endOffset('audit.v1', this.#partition);
    const expected = this.#nextOffset - this.#batch.length;
    if (end === expected) return null;
    throw headLost(
      { topic: 'audit.v1', partition: this.#partition },
      { baseOffset: end, expected },
    );
  }
}
