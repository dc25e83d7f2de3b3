/**
 * The chain rule of audit.v1 (DESIGN §4): a record is valid iff `prev` is the SHA-256 of the
 * previous valid record's value bytes and `seq` is its successor. Every other record is void; all
 * readers skip and count it. Two writers can never both win: the first in log order extends the
 * chain, whatever the second appends no longer fits.
 */
import { hash } from 'node:crypto';

const HASH_BYTES = 32;
/** Magic byte and schema id of the Confluent wire format. */
const WIRE_HEADER_BYTES = 5;
/** An Avro long takes at most ten bytes. */
const LONG_BYTES_MAX = 10;

/** The end of a valid chain: what the next record must name. */
export interface ChainHead {
  /** Sequence number of the last valid record; −1 before the first. */
  readonly seq: number;
  /** SHA-256 of the last valid record's value bytes; 32 zero bytes before the first. */
  readonly hash: Buffer;
}

export const GENESIS: ChainHead = { seq: -1, hash: Buffer.alloc(HASH_BYTES) };

/**
 * Whether the value bytes of a record extend the chain. `seq` and `prev` are the first two fields
 * of every version of the audit schema, so that the rule needs no schema: a zigzag varint and 32
 * bytes (Avro 1.12 specification, binary encoding).
 */
export function extendsChain(head: ChainHead, value: Buffer | null): boolean {
  if (value === null) return false;
  const seq = readLong(value, WIRE_HEADER_BYTES);
  if (seq === undefined || seq.value !== head.seq + 1) return false;
  return head.hash.equals(value.subarray(seq.end, seq.end + HASH_BYTES));
}

/** The hash that a record names as the one before it. */
export function previousHash(value: Buffer): Buffer | undefined {
  const seq = readLong(value, WIRE_HEADER_BYTES);
  return seq === undefined ? undefined : value.subarray(seq.end, seq.end + HASH_BYTES);
}

/** The head after a valid record with these value bytes. */
export function headAfter(head: ChainHead, value: Uint8Array): ChainHead {
  return { seq: head.seq + 1, hash: valueHash(value) };
}

/** SHA-256 of a record's value bytes, by which the next one names it. */
export function valueHash(value: Uint8Array): Buffer {
  // Through a text, one character a byte, into Node's pool: as a buffer it would be memory of its
  // own, which costs more than the hash, and the garbage collector too.
  return Buffer.from(hash('sha256', value, 'binary'), 'binary');
}

/** False when this is another record with the number of a known head: the chain has forked. */
export function passesThrough(head: ChainHead, known: ChainHead): boolean {
  return head.seq !== known.seq || head.hash.equals(known.hash);
}

function readLong(
  bytes: Buffer,
  start: number,
): { readonly value: number; readonly end: number } | undefined {
  let zigzag = 0;
  let scale = 1;
  for (let at = start; at < start + LONG_BYTES_MAX; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    zigzag += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 128) {
      const value = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      return { value, end: at + 1 };
    }
  }
  return undefined;
}
