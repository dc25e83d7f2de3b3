/** What a breaker lets through (DESIGN §5, step 4). */
import type { Tier } from '@estop/schemas/messages';
import type { ApprovalTerms } from '../authorize.ts';
import { type Denial, deny } from '../denial.ts';
import { durationText } from '../text.ts';
import type { Breaker } from './breaker.ts';
import type { TryContext } from './changes.ts';

/** What a person is asked when only the breaker asks: any one approver. */
export const STEP_UP_TERMS: ApprovalTerms = {
  approvers: [],
  quorum: 1,
  gates: [],
  expiresMs: null,
  reason: null,
  severity: null,
};

/** Why a breaker that is open or half-open lets a call not through; null: it does. */
export function checkSeat(
  breaker: Breaker,
  tier: Tier,
  { terms, atMs }: TryContext,
): Denial | null {
  if (breaker.mode === 'open') {
    const { untilMs } = breaker;
    const retryAfterMs = untilMs === null ? null : untilMs - atMs;
    const end =
      retryAfterMs === null ? 'until a person re-arms it' : `for ${durationText(retryAfterMs)}`;
    return deny('breaker-open', `the breaker is open ${end}${because(breaker)}`, { retryAfterMs });
  }
  if (breaker.mode !== 'half-open') return awaitsPerson(breaker, tier);
  if (tier !== 'read') {
    const what = `the breaker is half-open: only reads, until ${terms.probes} went well`;
    return deny('breaker-open', `${what}${because(breaker)}`);
  }
  if (breaker.probes.length < terms.probes) return null;
  const what = `the breaker is half-open, and ${terms.probes} probes are under way`;
  return deny('breaker-open', `${what}${because(breaker)}`);
}

/** Reads that went well say little about what cannot be taken back. */
function awaitsPerson({ isHeld }: Breaker, tier: Tier): Denial | null {
  if (!isHeld || (tier !== 'destructive' && tier !== 'financial')) return null;
  const what = `the breaker was open: ${tier} calls wait until a person re-arms it`;
  return deny('breaker-open', what);
}

/** Why a person must be asked, though the rules may not ask; null: the breaker does not. */
export function stepUpText(breaker: Breaker, tier: Tier): string | null {
  if (breaker.mode !== 'step-up' || tier === 'read') return null;
  return `the breaker asks a person for every call above read${because(breaker)}`;
}

function because({ explanation }: Breaker): string {
  return explanation === null ? '' : `: ${explanation}`;
}
