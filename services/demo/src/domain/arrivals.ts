/**
 * When an agent gets work. Real LLM traffic is neither even nor Poisson: gaps have heavy tails, and
 * busy minutes follow busy minutes. So gaps are log-normal, and a two-state process switches
 * between calm and bursts, in which work comes many times as often.
 */
import { logNormal, type Random } from './random.ts';

/** Deviation of the logarithm of gaps; 1.4 fits the conversation trace, 2.5 the code trace. */
const GAP_SIGMA = 1.4;
/** In a burst, work comes this many times as often as when calm. */
const BURST_FACTOR = 10;
/** Chance that a burst begins with a piece of work, and that it ends with one. */
const BURST_BEGINS = 0.02;
const BURST_ENDS = 0.03;
/** Share of gaps in a burst in the long run, and so the mean gap in units of the calm gap. */
const BURST_SHARE = BURST_BEGINS / (BURST_BEGINS + BURST_ENDS);
const MEAN_IN_CALM_GAPS = 1 - BURST_SHARE + BURST_SHARE / BURST_FACTOR;
/** Nobody watches a demo in which an agent sleeps; longest gap in mean gaps. */
const GAP_MEANS_MAX = 20;

export interface Arrivals {
  /** Time until the next piece of work, ms. */
  nextGapMs(): number;
}

/** Arrivals whose gaps are `meanGapMs` long on average. */
export function createArrivals(random: Random, meanGapMs: number): Arrivals {
  const calmGapMs = meanGapMs / MEAN_IN_CALM_GAPS;
  let isBurst = false;
  return {
    nextGapMs() {
      isBurst = random.next() < (isBurst ? 1 - BURST_ENDS : BURST_BEGINS);
      const mean = isBurst ? calmGapMs / BURST_FACTOR : calmGapMs;
      return Math.min(Math.round(logNormal(random, mean, GAP_SIGMA)), meanGapMs * GAP_MEANS_MAX);
    },
  };
}
