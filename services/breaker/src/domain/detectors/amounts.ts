/** Single calls: an amount or a duration far beyond the largest ones that are usual. */
import { countValue, quantileEnd } from '../numbers/sketch.ts';
import type { Sample, SampleOutcome } from '../sample.ts';
import {
  type AgentState,
  DURATION_SKETCH,
  F64,
  read,
  SLOW,
  SPEND,
  SPEND_SKETCH,
  TOKENS,
  TOKENS_SKETCH,
  USUAL_DURATION,
  USUAL_SPEND,
} from '../state/layout.ts';
import { type Context, isOn, mayTell, TIERS, TOLD_AMOUNT } from './context.ts';
import { addAmount, checkMinute, learnUnit } from './minute-tail.ts';
import { countTrial } from './ratio.ts';
import { DEAREST, SLOWEST, showHeaviest } from './shown.ts';

/** Amounts: this many times what one call of 200 passes; a power law of 2 leaves 2 in 100,000. */
const AMOUNT_ONE_IN = 200;
const AMOUNT_FACTOR = 16;
/** Durations: this many times what one call of 100 takes. */
const SLOW_ONE_IN = 100;
const SLOW_FACTOR = 4;
/** How often the sketches are read. */
const USUAL_MINUTES = 16;

/** Counts what a call cost and how long it took, and tests both. */
export function observeAmounts(context: Context, sample: Sample, outcome: SampleOutcome): void {
  const { state } = context;
  const tier = TIERS.indexOf(sample.tier) + 1;
  if (outcome.microUsd > 0) {
    showHeaviest(state, DEAREST, { ref: sample.ref, weight: outcome.microUsd });
    checkAmount(context, sample, outcome.microUsd);
    for (const series of [SPEND, SPEND + tier]) {
      addAmount(state, series, outcome.microUsd);
      checkMinute(context, series);
      if (learns(context)) learnUnit(state, series, outcome.microUsd);
    }
    if (learns(context)) countValue(state.u16, SPEND_SKETCH, outcome.microUsd);
  }
  if (outcome.tokens > 0) {
    addAmount(state, TOKENS, outcome.tokens);
    checkMinute(context, TOKENS);
    if (learns(context)) {
      learnUnit(state, TOKENS, outcome.tokens);
      countValue(state.u16, TOKENS_SKETCH, outcome.tokens);
    }
  }
  if (outcome.durationMs !== null) observeDuration(context, sample, outcome.durationMs);
}

function observeDuration(context: Context, sample: Sample, durationMs: number): void {
  const { state } = context;
  const usual = read(state.f32, USUAL_DURATION);
  const isSlow = usual > 0 && durationMs > SLOW_FACTOR * usual;
  showHeaviest(state, SLOWEST, { ref: sample.ref, weight: durationMs });
  countTrial(context, SLOW, isSlow);
  if (!learns(context)) return;
  countValue(state.u16, DURATION_SKETCH, usual > 0 ? Math.min(durationMs, usual) : durationMs);
}

function checkAmount(context: Context, sample: Sample, microUsd: number): void {
  const { state, at } = context;
  const usual = read(state.f32, USUAL_SPEND);
  const high = AMOUNT_FACTOR * usual;
  if (usual === 0 || microUsd <= high || !isOn(context, 'spend')) return;
  if (!mayTell(state, TOLD_AMOUNT, 1)) return;
  context.findings.push({
    at,
    signal: 'spend',
    rule: 'amount-tail',
    kind: 'statistical',
    tier: sample.tier,
    windowMs: 0,
    expected: { low: 0, high },
    observed: microUsd,
    evidence: '1e-4',
    sentence: `one call of ${sample.tool} cost ${microUsd} micro-dollars, where 199 of 200 cost at most ${usual}`,
    calls: [sample.ref],
  });
}

/** Reads off the sketches what calls usually cost and take: when a minute was closed. */
export function noteUsual({ f64, f32, u16 }: AgentState): void {
  const isDue = read(f64, F64.minute) % USUAL_MINUTES === 0;
  if (isDue || read(f32, USUAL_SPEND) === 0) {
    f32[USUAL_SPEND] = quantileEnd(u16, SPEND_SKETCH, AMOUNT_ONE_IN);
  }
  if (isDue || read(f32, USUAL_DURATION) === 0) {
    f32[USUAL_DURATION] = quantileEnd(u16, DURATION_SKETCH, SLOW_ONE_IN);
  }
}

function learns({ state }: Context): boolean {
  return state.f64[F64.frozen] === 0;
}
