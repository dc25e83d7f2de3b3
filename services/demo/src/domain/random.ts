/** Random numbers that a seed decides: the same seed, the same fleet, the same night. */
export interface Random {
  /** 0 ≤ n < 1. */
  next(): number;
}

/** A generator for a seed and a name, so that each agent has its own stream. */
export function createRandom(seed: string): Random {
  // Algorithm: sfc32 (Chris Doty-Humphrey, PractRand), seeded by FNV-1a hashes of the text.
  let a = hashOf(`a${seed}`);
  let b = hashOf(`b${seed}`);
  let c = hashOf(`c${seed}`);
  let counter = 1;
  const draw = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let warmUp = 0; warmUp < 12; warmUp += 1) draw();
  return { next: draw };
}

export function integerBetween(random: Random, low: number, high: number): number {
  return low + Math.floor(random.next() * (high - low + 1));
}

/** One of the items. The list must not be empty. */
export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random.next() * items.length)] ?? items[0];
}

export function standardNormal(random: Random): number {
  // Algorithm: Box-Muller; 1 − u keeps the logarithm finite.
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}

/** A log-normal value with this mean; `sigma` is the deviation of its logarithm. */
export function logNormal(random: Random, mean: number, sigma: number): number {
  return mean * Math.exp(sigma * standardNormal(random) - (sigma * sigma) / 2);
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash | 0;
}
