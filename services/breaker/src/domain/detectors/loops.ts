/**
 * Loops, by exact rules over the last 16 calls whose result is known (a repeat before its result is
 * impatience, not a loop): the same call with the same result, the same call whatever it answers,
 * the same call failing, failures one after the other, and cycles of two to four calls. A change of
 * arguments begins anew, and so does half an hour without a call. Polling at the declared interval is none.
 * Of calls that name no session nobody knows whether they are of one task: of them it takes twice as
 * many, less than a minute apart. What was denied never ran, and is for the detector of denials.
 */
import type { OutcomeStatus } from '@estop/schemas/messages';
import type { Finding, Rule } from '../finding.ts';
import { hashDigest, hashText } from '../numbers/hash.ts';
import type { Sample } from '../sample.ts';
import {
  type AgentState,
  LOOP,
  LOOP_AT,
  LOOP_CALL,
  LOOP_CALLS,
  LOOP_REF,
  LOOP_RESULT,
  read,
} from '../state/layout.ts';
import { type Context, isOn } from './context.ts';
import { shownLoop } from './shown.ts';

const CYCLE_MAX = 4;
/** Work that is done again after so long is a routine; sooner where no session says it is one task. */
const GAP_MS = 1_800_000;
const NO_SESSION_GAP_MS = 60_000;
const NO_SESSION_FACTOR = 2;
const RESULT_SEEDS: Readonly<Record<OutcomeStatus, number>> = {
  ok: hashText('ok'),
  error: hashText('error'),
  cancelled: hashText('cancelled'),
  unknown: hashText('unknown'),
};
/** Polls may come this share of their interval apart. */
const POLL_TOLERANCE = 0.9;

/** Notes a call whose result is known, and tests the rules. */
export function observeLoop(context: Context, sample: Sample): void {
  const { state } = context;
  const call = callHash(sample);
  const gapMsMax = sample.session === '' ? NO_SESSION_GAP_MS : GAP_MS;
  if (gapMs(state, sample) >= gapMsMax) forget(state);
  if (isDeclaredPoll(state, sample, call)) return;
  push(state, sample, call);
  if (!isOn(context, 'loop')) return;
  const factor = sample.session === '' ? NO_SESSION_FACTOR : 1;
  const found = ruleBroken(context, factor) ?? cycleOf(context, factor);
  if (found !== null) context.findings.push(findingOf(context, sample, found));
}

interface Broken {
  readonly rule: Rule;
  readonly observed: number;
  readonly limit: number;
  readonly calls: number;
}

function callHash({ session, tool, argumentsDigest }: Sample): number {
  return hashDigest(argumentsDigest, hashText(tool, hashText(session)));
}

function gapMs({ u32, f64 }: AgentState, { at }: Sample): number {
  const count = read(u32, LOOP.count);
  return count === 0 ? 0 : at - read(f64, LOOP_AT + ((count + LOOP_CALLS - 1) % LOOP_CALLS));
}

function forget({ u32 }: AgentState): void {
  for (const place of Object.values(LOOP)) u32[place] = 0;
}

function resultHash({ outcome }: Sample): number {
  return hashDigest(outcome?.resultDigest ?? '', RESULT_SEEDS[outcome?.status ?? 'unknown']);
}

function isFailed({ outcome }: Sample): boolean {
  return outcome?.status === 'error';
}

function isDeclaredPoll({ u32, f64 }: AgentState, sample: Sample, call: number): boolean {
  if (sample.pollIntervalMs === null) return false;
  const count = read(u32, LOOP.count);
  for (let back = 1; back <= Math.min(count, LOOP_CALLS); back += 1) {
    const at = (count - back) % LOOP_CALLS;
    if (read(u32, LOOP_CALL + at) !== call) continue;
    const isSlowEnough =
      sample.at - read(f64, LOOP_AT + at) >= POLL_TOLERANCE * sample.pollIntervalMs;
    if (isSlowEnough) f64[LOOP_AT + at] = sample.at;
    return isSlowEnough;
  }
  return false;
}

function push({ u32, f64 }: AgentState, sample: Sample, call: number): void {
  const count = read(u32, LOOP.count);
  const last = (count + LOOP_CALLS - 1) % LOOP_CALLS;
  const result = resultHash(sample);
  const session = hashText(sample.session);
  const isSameCall = count > 0 && read(u32, LOOP_CALL + last) === call;
  const isSame = isSameCall && read(u32, LOOP_RESULT + last) === result;
  const failed = isFailed(sample);
  const isSameSession = read(u32, LOOP.session) === session;
  const isKnown = sample.outcome?.resultDigest != null;
  u32[LOOP.run] = isSameCall ? read(u32, LOOP.run) + 1 : 1;
  u32[LOOP.runSame] = isSame && isKnown ? read(u32, LOOP.runSame) + 1 : 1;
  u32[LOOP.runError] = runOf(failed, isSame, read(u32, LOOP.runError));
  u32[LOOP.errors] = runOf(failed, isSameSession, read(u32, LOOP.errors));
  u32[LOOP.session] = session;
  const at = count % LOOP_CALLS;
  u32[LOOP_CALL + at] = call;
  u32[LOOP_RESULT + at] = result;
  f64[LOOP_REF + at] = sample.ref;
  f64[LOOP_AT + at] = sample.at;
  u32[LOOP.count] = count + 1;
}

function runOf(counts: boolean, continues: boolean, run: number): number {
  if (!counts) return 0;
  return continues ? run + 1 : 1;
}

/** A rule is told when its limit is reached and at every multiple of it. */
function ruleBroken({ state: { u32 }, config: { loops } }: Context, factor: number): Broken | null {
  const runs = [
    ['same-error', LOOP.runError, loops.sameError],
    ['same-result', LOOP.runSame, loops.sameResult],
    ['same-call', LOOP.run, loops.sameCall],
    ['errors-in-a-row', LOOP.errors, loops.errors],
  ] as const;
  for (const [rule, place, repeats] of runs) {
    const limit = repeats * factor;
    const observed = read(u32, place);
    if (observed > 0 && observed % limit === 0) return { rule, observed, limit, calls: observed };
  }
  return null;
}

function cycleOf({ state, config: { loops } }: Context, factor: number): Broken | null {
  const rounds = loops.cycles * factor;
  if (read(state.u32, LOOP.run) > 1) return null;
  for (let period = 2; period <= CYCLE_MAX; period += 1) {
    const matched = matchedBack(state, period);
    const limit = (rounds - 1) * period;
    if (matched >= limit && (matched - limit) % period === 0) {
      const observed = Math.floor(matched / period) + 1;
      return { rule: 'cycle', observed, limit: rounds, calls: matched + period };
    }
  }
  return null;
}

/** How many of the newest calls, one after the other, equal the one `period` before them. */
function matchedBack({ u32 }: AgentState, period: number): number {
  const count = read(u32, LOOP.count);
  const oldest = Math.max(0, count - LOOP_CALLS);
  let matched = 0;
  for (let at = count - 1; at - period >= oldest; at -= 1) {
    const here = at % LOOP_CALLS;
    const there = (at - period) % LOOP_CALLS;
    const isSame =
      read(u32, LOOP_CALL + here) === read(u32, LOOP_CALL + there) &&
      read(u32, LOOP_RESULT + here) === read(u32, LOOP_RESULT + there);
    if (!isSame) break;
    matched += 1;
  }
  return matched;
}

function findingOf({ state, at }: Context, sample: Sample, broken: Broken): Finding {
  return {
    at,
    signal: 'loop',
    rule: broken.rule,
    kind: 'deterministic',
    tier: sample.tier,
    windowMs: 0,
    expected: { low: 0, high: broken.limit - 1 },
    observed: broken.observed,
    evidence: null,
    sentence: sentenceOf(sample, broken),
    calls: shownLoop(state, broken.calls),
  };
}

function sentenceOf({ tool }: Sample, { rule, observed, limit }: Broken): string {
  const fewer = `fewer than ${limit} are let pass`;
  switch (rule) {
    case 'same-error':
      return `${tool} failed ${observed} times in a row with the same arguments; ${fewer}`;
    case 'same-result':
      return `${tool} was called ${observed} times in a row with the same arguments and result; ${fewer}`;
    case 'same-call':
      return `${tool} was called ${observed} times in a row with the same arguments; ${fewer}`;
    case 'errors-in-a-row':
      return `${observed} calls in a row failed, ${tool} the last of them; ${fewer}`;
    default:
      return `the same calls and results came round ${observed} times, ${tool} the last of them; ${fewer}`;
  }
}
