/**
 * The only way records get into audit.v1. A writer knows the head and the next offset of its
 * partition; it encodes and links records, appends them in one batch, and takes the acknowledged
 * base offset as proof that they are valid. Anything else means that another writer was there:
 * `ChainLostError`, and the owner folds again.
 */
import { EstopError } from '@estop/schemas/errors';
import type { AuditRecord } from '@estop/schemas/messages';
import { TOPICS } from '@estop/schemas/topics';
import { type ChainHead, headAfter } from '../chain.ts';
import { APPEND_RECORDS_MAX, type EventLog, type NewRecord } from '../port.ts';
import type { ChainPosition } from './chain-reader.ts';

/** Somebody else extended the chain, or an append has an unknown outcome. */
export class ChainLostError extends Error {
  override readonly name = 'ChainLostError';
}

export type RecordDraft = Omit<AuditRecord, 'seq' | 'prev' | 'writer'>;

export interface LinkedRecord {
  readonly record: AuditRecord;
  /** Where it will stand if the append proves it. */
  readonly offset: number;
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
    return { record, offset };
  }

  /**
   * Appends what was linked and proves it. When it rejects, nothing linked since the last commit
   * may be acted upon, and this writer is finished.
   */
  async commit(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    let expected = this.#nextOffset - batch.length;
    for (let at = 0; at < batch.length; at += APPEND_RECORDS_MAX) {
      const chunk = batch.slice(at, at + APPEND_RECORDS_MAX);
      const { baseOffset } = await this.#log.append('audit.v1', this.#partition, chunk);
      if (baseOffset !== expected) {
        const seen = `appended at ${baseOffset}, expected ${expected}`;
        throw new ChainLostError(`partition ${this.#partition} has another writer: ${seen}`);
      }
      expected += chunk.length;
    }
  }
}
