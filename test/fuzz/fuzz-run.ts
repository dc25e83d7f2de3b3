/**
 * How a door is fuzzed: from a fixed seed, so that a failure can be repeated, with a bound on the
 * time of each input and on what stays in memory when they are all through.
 */
import fc from 'fast-check';
import { assert, expect } from 'vitest';
import { liveHeapBytes } from './live-heap.ts';

const SEED = Number(process.env['ESTOP_FUZZ_SEED'] ?? 20_261_123);
const RUNS = Number(process.env['ESTOP_FUZZ_RUNS'] ?? 0);
const PATH = process.env['ESTOP_FUZZ_PATH'];

/** For a whole test, on a machine that others keep busy. */
export const FUZZ_TIMEOUT_MS = 180_000;

/** No input may keep the process busy for longer. */
const INPUT_MS_MAX = 1_000;
const HEAP_GROWTH_BYTES_MAX = 8 * 1024 * 1024;
const TENTHS = 10;

interface FuzzOptions {
  /** By default; ESTOP_FUZZ_RUNS asks for others. */
  readonly runs: number;
  /** Inputs in one run, where it is not one: the bound on time is for each. */
  readonly inputsPerRun?: number;
  readonly heapGrowthBytesMax?: number;
}

/** Holds a property for all runs; fast-check prints seed and path of the first that fails. */
export function fuzz<Input>(
  inputs: fc.Arbitrary<Input>,
  options: FuzzOptions,
  check: (input: Input) => void,
): void {
  const watch = new Watch(options);
  const property = fc.property(inputs, (input) => {
    watch.starts();
    check(input);
    watch.ended();
  });
  fc.assert(property, parameters(watch.runs));
  watch.expectNoGrowth();
}

/** As `fuzz`, for doors that answer later. */
export async function fuzzAsync<Input>(
  inputs: fc.Arbitrary<Input>,
  options: FuzzOptions,
  check: (input: Input) => Promise<void>,
): Promise<void> {
  const watch = new Watch(options);
  const property = fc.asyncProperty(inputs, async (input) => {
    watch.starts();
    await check(input);
    watch.ended();
  });
  await fc.assert(property, parameters(watch.runs));
  watch.expectNoGrowth();
}

function parameters(numRuns: number): fc.Parameters<unknown> {
  return { seed: SEED, numRuns, endOnFailure: true, ...(PATH === undefined ? {} : { path: PATH }) };
}

class Watch {
  readonly runs: number;
  readonly #inputMsMax: number;
  readonly #growthBytesMax: number;
  #done = 0;
  #startCpu = process.cpuUsage();
  #earlyBytes: number | null = null;

  constructor({ runs, inputsPerRun = 1, heapGrowthBytesMax }: FuzzOptions) {
    this.runs = RUNS > 0 ? RUNS : runs;
    this.#inputMsMax = INPUT_MS_MAX * inputsPerRun;
    this.#growthBytesMax = heapGrowthBytesMax ?? HEAP_GROWTH_BYTES_MAX;
  }

  starts(): void {
    this.#startCpu = process.cpuUsage();
  }

  ended(): void {
    // The time of the processor: others may keep the machine busy.
    const { user, system } = process.cpuUsage(this.#startCpu);
    const ms = (user + system) / 1_000;
    assert(ms < this.#inputMsMax, `${ms} ms for one input`);
    this.#done += 1;
    if (this.#done === Math.ceil((this.runs * 2) / TENTHS)) this.#earlyBytes = liveHeapBytes();
  }

  /** What lives after the last tenth, against the end of the second. */
  expectNoGrowth(): void {
    if (this.#earlyBytes === null) return;
    const grown = liveHeapBytes() - this.#earlyBytes;
    expect(grown, 'bytes that stay in memory').toBeLessThan(this.#growthBytesMax);
  }
}
