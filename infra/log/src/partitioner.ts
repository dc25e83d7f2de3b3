/**
 * The partitioner of Kafka's own clients: murmur2 over the UTF-8 key, sign bit cleared, modulo the
 * partition count. The same everywhere, so that partition p of every agent-keyed topic holds the
 * same agents, also those that other programs write.
 * Algorithm: org.apache.kafka.common.utils.Utils.murmur2 (seed 0x9747b28c), 32-bit arithmetic.
 */
const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

/** The partition, 0 … partitions − 1, of a key. */
export function partitionOfKey(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}

function murmur2(data: Buffer): number {
  const { length } = data;
  let hash = SEED ^ length;
  let at = 0;
  for (; length - at >= 4; at += 4) {
    let k = Math.imul(data.readInt32LE(at), M);
    k ^= k >>> R;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  const left = length - at;
  if (left === 3) hash ^= (data[at + 2] ?? 0) << 16;
  if (left >= 2) hash ^= (data[at + 1] ?? 0) << 8;
  if (left >= 1) {
    hash ^= data[at] ?? 0;
    hash = Math.imul(hash, M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}
