/**
 * Upper tails of counts that vary more than Poisson's: a rate that is itself uncertain (gamma)
 * gives counts that are negative binomial. Method of moments: `variance` is above `mean`.
 * Tails are summed exactly; means above 64 are counted in larger units, and where that would leave
 * less than Poisson's variance, Wilson and Hilferty's cube root of a gamma is close enough.
 */
import { exp, ln } from './logarithm.ts';
import { normalQuantile } from './normal.ts';

/** What is known of a count before it is seen. */
export interface Expected {
  readonly mean: number;
  readonly variance: number;
}

const SUMMED_MEAN_MAX = 64;
const OVERDISPERSION_MIN = 1.02;
const STEPS_MAX = 20_000;
const MEAN_MIN = 1e-6;

/** The smallest count that is reached or passed with a probability of at most `tail`. */
export function countLimit(expected: Expected, tail: number): number {
  const { unit, mean, variance } = inUnits(expected);
  if (variance < mean * OVERDISPERSION_MIN && unit > 1) return gammaLimit(expected, tail);
  const walk = walkOf(mean, variance);
  let count = 0;
  let above = 1;
  while (above > tail && count < STEPS_MAX) {
    above -= walk.next();
    count += 1;
  }
  return Math.ceil(count * unit);
}

/** The probability of `count` or more, as an upper bound good to about 1e-12. */
export function tailOf(expected: Expected, count: number): number {
  const { unit, mean, variance } = inUnits(expected);
  if (variance < mean * OVERDISPERSION_MIN && unit > 1) return gammaTail(expected, count);
  const walk = walkOf(mean, variance);
  const units = Math.floor(count / unit);
  let above = 1;
  for (let n = 0; n < units && n < STEPS_MAX; n += 1) above -= walk.next();
  return Math.max(above, 1e-12);
}

function inUnits({ mean, variance }: Expected): Expected & { readonly unit: number } {
  const floored = mean > MEAN_MIN ? mean : MEAN_MIN;
  const unit = floored > SUMMED_MEAN_MAX ? floored / SUMMED_MEAN_MAX : 1;
  return { unit, mean: floored / unit, variance: variance / (unit * unit) };
}

/** Probabilities of 0, 1, 2, … one after the other. */
class Walk {
  #probability: number;
  #count = 0;
  readonly #shape: number;
  readonly #ratio: number;

  constructor(mean: number, variance: number) {
    const spread = Math.max(variance, mean * OVERDISPERSION_MIN);
    this.#shape = (mean * mean) / (spread - mean);
    this.#ratio = mean / (this.#shape + mean);
    this.#probability = exp(-this.#shape * ln(1 + mean / this.#shape));
  }

  next(): number {
    const probability = this.#probability;
    this.#probability *= (this.#ratio * (this.#count + this.#shape)) / (this.#count + 1);
    this.#count += 1;
    return probability;
  }
}

function walkOf(mean: number, variance: number): Walk {
  return new Walk(mean, variance);
}

function gammaLimit({ mean, variance }: Expected, tail: number): number {
  const shape = (mean * mean) / variance;
  const root = 1 - 1 / (9 * shape) + normalQuantile(tail) / (3 * Math.sqrt(shape));
  return Math.ceil(mean * root * root * root);
}

/** By halving: only findings ask for it. */
function gammaTail(expected: Expected, count: number): number {
  let exponent = 0;
  while (exponent < 12 && gammaLimit(expected, powerOfTen(exponent + 1)) <= count) exponent += 1;
  return powerOfTen(exponent);
}

function powerOfTen(exponent: number): number {
  return Number(`1e-${exponent}`);
}
