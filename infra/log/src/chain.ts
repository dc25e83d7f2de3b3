/**
 * The chain rule of audit.v1 (DESIGN §4): a record is valid iff `prev` is the SHA-256 of the
 * previous valid record's value bytes and `seq` is its successor. Every other record is void; all
 * readers skip and count it. Two writers can never both win: the first in log order extends the
 * chain, whatever the second appends no longer fits.
 */
import { createHash } from 'node:crypto';
import type { AuditRecord } from '@estop/schemas/messages';

/** The end of a valid chain: what the next record must name. */
export interface ChainHead {
  /** Sequence number of the last valid record; −1 before the first. */
  readonly seq: number;
  /** SHA-256 of the last valid record's value bytes; 32 zero bytes before the first. */
  readonly hash: Buffer;
}

export const GENESIS: ChainHead = { seq: -1, hash: Buffer.alloc(32) };

/** Whether a record extends the chain. */
export function extendsChain(head: ChainHead, record: AuditRecord): boolean {
  return record.seq === head.seq + 1 && head.hash.equals(record.prev);
}

/** The head after a valid record with these value bytes. */
export function headAfter(head: ChainHead, value: Uint8Array): ChainHead {
  return { seq: head.seq + 1, hash: createHash('sha256').update(value).digest() };
}
