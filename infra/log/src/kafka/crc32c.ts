/** CRC-32C (Castagnoli), eight bytes a step: Kafka's checksum of a batch. RFC 3720, appendix B.4. */

const POLYNOMIAL = 0x82f63b78;
const STEP = 8;

/** tables[k][b]: the effect of byte b that stands k bytes before the end of a step. */
const TABLES = makeTables();

export function crc32c(bytes: Uint8Array, start = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  let crc = 0xffffffff;
  let at = start;
  for (; at + STEP <= bytes.length; at += STEP) {
    const low =
      crc ^
      (at8(bytes, at) |
        (at8(bytes, at + 1) << 8) |
        (at8(bytes, at + 2) << 16) |
        (at8(bytes, at + 3) << 24));
    crc =
      at32(t7, low & 0xff) ^
      at32(t6, (low >>> 8) & 0xff) ^
      at32(t5, (low >>> 16) & 0xff) ^
      at32(t4, low >>> 24) ^
      at32(t3, at8(bytes, at + 4)) ^
      at32(t2, at8(bytes, at + 5)) ^
      at32(t1, at8(bytes, at + 6)) ^
      at32(t0, at8(bytes, at + 7));
  }
  for (; at < bytes.length; at += 1) crc = at32(t0, (crc ^ at8(bytes, at)) & 0xff) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function at8(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function at32(table: Int32Array, index: number): number {
  return table[index] ?? 0;
}

type Tables = readonly [
  ...[Int32Array, Int32Array, Int32Array, Int32Array],
  ...[Int32Array, Int32Array, Int32Array, Int32Array],
];

function makeTables(): Tables {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    return crc;
  });
  const next = (table: Int32Array) => table.map((crc) => at32(first, crc & 0xff) ^ (crc >>> 8));
  const second = next(first);
  const third = next(second);
  const fourth = next(third);
  const fifth = next(fourth);
  const sixth = next(fifth);
  const seventh = next(sixth);
  return [first, second, third, fourth, fifth, sixth, seventh, next(seventh)];
}
