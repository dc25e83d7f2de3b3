/** Calls of the usual kinds for a simulated agent: tiers, costs, durations, failures, targets. */
import type { Sample, SampleOutcome } from '@estop/breaker/domain/sample';
import type { Draws } from './draws.ts';

/** Makes the n-th call of an agent; it is good until the next one is made. */
export type Caller = (at: number, n: number) => Sample;

const KINDS = 1_024;
const DIGESTS = Array.from({ length: 4_096 }, (_, n) => `sha256:arguments-${n}`);
const TARGETS = 40;
const ERROR_SHARE = 0.02;
const DENIED_SHARE = 0.01;

export function callerOf(draws: Draws): Caller {
  const kinds = Array.from({ length: KINDS }, () => kindOf(draws));
  const start = Math.floor(draws.uniform() * KINDS);
  return (at, n) => {
    // A stride without a common factor goes through all kinds in an order of its own.
    const call = kinds[(start + n * 389) % KINDS] ?? kindOf(draws);
    call.at = at;
    call.ref = n + 1;
    call.argumentsDigest = DIGESTS[n % DIGESTS.length] ?? '';
    return call;
  };
}

/** Filled in again for each call of its kind: detectors keep none. */
type Call = { -readonly [Field in keyof Sample]: Sample[Field] };

function kindOf(draws: Draws): Call {
  const isDenied = draws.uniform() < DENIED_SHARE;
  const tier = tierOf(draws.uniform());
  const target = Math.floor(TARGETS * draws.uniform() ** 2);
  return {
    at: 0,
    ref: 0,
    session: 'session',
    tool: `${tier}-${Math.floor(4 * draws.uniform())}`,
    tier,
    decision: isDenied ? 'deny' : 'allow',
    outcome: isDenied ? null : outcomeOf(draws),
    argumentsDigest: '',
    targets: [`target-${target}`],
    pollIntervalMs: null,
  };
}

function tierOf(share: number): Sample['tier'] {
  if (share < 0.7) return 'read';
  return share < 0.95 ? 'write' : 'financial';
}

function outcomeOf(draws: Draws): SampleOutcome {
  return {
    status: draws.uniform() < ERROR_SHARE ? 'error' : 'ok',
    microUsd: Math.round(2_000 * Math.exp(0.8 * draws.normal())),
    tokens: Math.round(1_500 * Math.exp(0.7 * draws.normal())),
    durationMs: Math.round(400 * Math.exp(0.7 * draws.normal())),
    resultDigest: null,
  };
}
