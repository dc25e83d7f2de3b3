/**
 * The detectors of one agent: `observe` takes what the log says of a call, `tick` the passing of
 * time. Both change the state in place (100,000 agents, microseconds each) and return what they
 * found. They know nothing but their arguments, so that the same log gives the same findings.
 */
import { advance } from './advance.ts';
import type { BreakerConfig } from './config/breaker-config.ts';
import { observeAmounts } from './detectors/amounts.ts';
import { type Context, TIERS } from './detectors/context.ts';
import { observeLoop } from './detectors/loops.ts';
import { addAmount, checkMinute } from './detectors/minute-tail.ts';
import { observeNames } from './detectors/names.ts';
import { countTrial } from './detectors/ratio.ts';
import { DENIED, ERRED, NEWEST, showNewest } from './detectors/shown.ts';
import { checkSilence, countWaiting } from './detectors/silence.ts';
import { checkThresholds } from './detectors/thresholds.ts';
import type { Finding } from './finding.ts';
import type { Sample, SampleOutcome } from './sample.ts';
import { type AgentState, add, CALLS, DENIALS, ERRORS, F64, read } from './state/layout.ts';
import { countIn } from './windows.ts';

/** What a call shows. Late ones are counted and change nothing else. */
export function observe(
  state: AgentState,
  sample: Sample,
  config: BreakerConfig,
): readonly Finding[] {
  const context: Context = { state, config, at: sample.at, findings: [] };
  if (!advance(context)) {
    add(state.f64, F64.late, 1);
    return context.findings;
  }
  countIn(state, sample);
  if (sample.decision !== null) observeDecision(context, sample);
  if (sample.outcome !== null) {
    observeOutcome(context, sample, sample.outcome);
    // What was withdrawn never ran, and is asked again when it may.
    if (sample.outcome.status !== 'cancelled') observeLoop(context, sample);
  }
  if (config.thresholds.length > 0) checkThresholds(context);
  return context.findings;
}

/** What the passing of time shows: windows that end, and silence. */
export function tick(state: AgentState, now: number, config: BreakerConfig): readonly Finding[] {
  const context: Context = { state, config, at: now, findings: [] };
  if (state.f64[F64.firstAt] === 0 || !advance(context)) return context.findings;
  checkSilence(context);
  return context.findings;
}

/** How many allowed calls came to no end so far, by whoever remembers each of them. */
export function setWaiting({ f64 }: AgentState, waiting: number, at: number): void {
  if (read(f64, F64.waiting) === waiting) return;
  f64[F64.waiting] = waiting;
  f64[F64.waitingSince] = at;
}

/** While a breaker is open, what happens is no example of how it should be. */
export function setFrozen(state: AgentState, isFrozen: boolean): void {
  state.f64[F64.frozen] = isFrozen ? 1 : 0;
}

function observeDecision(context: Context, sample: Sample): void {
  const { state } = context;
  const tier = TIERS.indexOf(sample.tier) + 1;
  showNewest(state, NEWEST, sample.ref);
  addAmount(state, CALLS, 1);
  checkMinute(context, CALLS);
  addAmount(state, CALLS + tier, 1);
  checkMinute(context, CALLS + tier);
  const isDenied = sample.decision === 'deny';
  if (isDenied) showNewest(state, DENIED, sample.ref);
  countTrial(context, DENIALS, isDenied);
  countTrial(context, DENIALS + tier, isDenied);
  observeNames(context, sample);
  if (sample.decision === 'allow') countWaiting(context, 1);
}

function observeOutcome(context: Context, sample: Sample, outcome: SampleOutcome): void {
  const tier = TIERS.indexOf(sample.tier) + 1;
  const isError = outcome.status === 'error';
  if (isError) showNewest(context.state, ERRED, sample.ref);
  countTrial(context, ERRORS, isError);
  countTrial(context, ERRORS + tier, isError);
  observeAmounts(context, sample, outcome);
  countWaiting(context, -1);
}
