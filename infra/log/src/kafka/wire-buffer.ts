/** Reading and writing Kafka's wire types in one buffer, without an object per value. */

const TWO_TO_32 = 2 ** 32;

/** Bytes that a zigzag varint of a whole number below 2^31 takes. */
export function varintSize(value: number): number {
  let rest = zigzag(value);
  let size = 1;
  while (rest >= 0x80) {
    rest >>>= 7;
    size += 1;
  }
  return size;
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

/** Appends to a buffer that grows, behind room for so many bytes that are put in front later. */
export class WireWriter {
  readonly #room: number;
  #bytes: Buffer;
  #at: number;

  constructor(sizeHint = 256, room = 0) {
    this.#room = room;
    this.#bytes = Buffer.allocUnsafe(room + sizeHint);
    this.#at = room;
  }

  /** What was written, in the writer's own memory. */
  take(): Buffer {
    return this.#bytes.subarray(this.#room, this.#at);
  }

  /** The room, right in front of what was written. */
  get front(): Buffer {
    return this.#bytes.subarray(0, this.#room);
  }

  int8(value: number): this {
    this.#reserve(1);
    this.#at = this.#bytes.writeInt8(value, this.#at);
    return this;
  }

  int16(value: number): this {
    this.#reserve(2);
    this.#at = this.#bytes.writeInt16BE(value, this.#at);
    return this;
  }

  int32(value: number): this {
    this.#reserve(4);
    this.#at = this.#bytes.writeInt32BE(value, this.#at);
    return this;
  }

  int64(value: number | bigint): this {
    this.#reserve(8);
    this.#at = this.#bytes.writeBigInt64BE(BigInt(value), this.#at);
    return this;
  }

  string(text: string | null): this {
    if (text === null) return this.int16(-1);
    const size = Buffer.byteLength(text);
    this.int16(size);
    this.#reserve(size);
    this.#at += this.#bytes.write(text, this.#at);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  varint(value: number): this {
    return this.uvarint(zigzag(value));
  }

  uvarint(value: number): this {
    this.#reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
    return this;
  }

  /** Text of a known size in bytes, behind that size. */
  varintString(text: string, size: number): this {
    this.varint(size);
    this.#reserve(size);
    this.#at += this.#bytes.write(text, this.#at, size, 'utf8');
    return this;
  }

  array<Item>(items: readonly Item[], write: (item: Item) => void): this {
    this.int32(items.length);
    for (const item of items) write(item);
    return this;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Reads forward through a buffer; a read past its end throws a RangeError. */
export class WireReader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  int8(): number {
    const value = this.#bytes.readInt8(this.at);
    this.at += 1;
    return value;
  }

  int16(): number {
    const value = this.#bytes.readInt16BE(this.at);
    this.at += 2;
    return value;
  }

  int32(): number {
    const value = this.#bytes.readInt32BE(this.at);
    this.at += 4;
    return value;
  }

  /** Exact up to 2^53: offsets and times are. */
  int64(): number {
    const value = this.#bytes.readInt32BE(this.at) * TWO_TO_32;
    this.at += 8;
    return value + this.#bytes.readUInt32BE(this.at - 4);
  }

  string(): string | null {
    const size = this.int16();
    return size < 0 ? null : this.text(size);
  }

  text(size: number): string {
    const start = this.at;
    this.skip(size);
    return this.#bytes.toString('utf8', start, this.at);
  }

  /** A view of the buffer, not a copy. */
  view(size: number): Buffer {
    const start = this.at;
    this.skip(size);
    return this.#bytes.subarray(start, this.at);
  }

  skip(size: number): void {
    if (size < 0 || size > this.left) throw new RangeError('a length beyond the end of the bytes');
    this.at += size;
  }

  varint(): number {
    const value = this.uvarint();
    return (value >>> 1) ^ -(value & 1);
  }

  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new RangeError('a number beyond the end of the bytes');
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new RangeError('a number of too many bytes');
  }

  /** Passes over a number of up to 64 bits. */
  skipVarlong(): void {
    for (let count = 0; count < 10; count += 1) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new RangeError('a number beyond the end of the bytes');
      if (byte < 0x80) return;
    }
    throw new RangeError('a number of too many bytes');
  }

  array<Item>(read: () => Item): Item[] {
    const items: Item[] = [];
    for (let left = this.int32(); left > 0; left -= 1) items.push(read());
    return items;
  }
}
