/**
 * The same call with the same result again and again, whatever session it names: a session of its own
 * for each call must not hide a loop. It takes five times as many as within one session, since users
 * of one agent may well ask the same; a minute's pause or another call begins anew.
 */
import type { BreakerConfig } from '../config/breaker-config.ts';
import { isOn } from '../detectors/context.ts';
import type { Finding } from '../finding.ts';
import type { SampleOutcome } from '../sample.ts';
import type { AgentState } from '../state/layout.ts';
import type { Call } from './calls.ts';

const FACTOR = 5;
const GAP_MS = 60_000;
const SHOWN = 5;

export interface Repeats {
  /** What was called, and what it answered. */
  readonly key: string;
  readonly count: number;
  /** Newest first, at most five. */
  readonly refs: readonly number[];
  readonly at: number;
}

export const NO_REPEATS: Repeats = { key: '', count: 0, refs: [], at: 0 };

interface Ended {
  readonly call: Call;
  readonly outcome: SampleOutcome;
  readonly at: number;
  readonly ref: number;
}

export function noteRepeat(
  before: Repeats,
  { call, outcome, at, ref }: Ended,
  { state, config }: { readonly state: AgentState; readonly config: BreakerConfig },
): { readonly repeats: Repeats; readonly findings: readonly Finding[] } {
  const { tool, digest, tier } = call;
  const key = JSON.stringify([tool, digest, outcome.status, outcome.resultDigest]);
  const isSame = before.key === key && at - before.at < GAP_MS;
  const count = isSame ? before.count + 1 : 1;
  const refs = [ref, ...(isSame ? before.refs : [])].slice(0, SHOWN);
  const repeats = { key, count, refs, at };
  const isKnown = outcome.resultDigest !== null;
  const limit = FACTOR * (isKnown ? config.loops.sameResult : config.loops.sameCall);
  const findings: Finding[] = [];
  const isBroken = call.session !== '' && count % limit === 0;
  if (!isBroken || !isOn({ state, config, at, findings }, 'loop')) return { repeats, findings };
  const rule = isKnown ? 'same-result' : 'same-call';
  const what = isKnown ? 'the same arguments and result' : 'the same arguments';
  findings.push({
    ...{ at, signal: 'loop', rule, kind: 'deterministic', tier, windowMs: 0, evidence: null },
    expected: { low: 0, high: limit - 1 },
    observed: count,
    sentence:
      `${tool} was called ${count} times in a row with ${what}, in whatever session; ` +
      `fewer than ${limit} are let pass`,
    calls: refs,
  });
  return { repeats, findings };
}
