/** Why a call was not run, in words that a model or a person can act on. */

import type { PermitFlaw, Refusal } from './call.ts';
import type { HaltWord } from './halt-word.ts';
import { FLAW_TEXT } from './permit.ts';

export function haltedRefusal(word: HaltWord, intentId: string | null): Refusal {
  const why = word.reason === null ? '' : `: ${word.reason}`;
  const message = `stopped by ${word.by}${why} (halt ${word.haltId}, ${word.mode})`;
  return { kind: 'refused', reason: 'halted', message, intentId, code: 'halted' };
}

export function leaseRefusal(tool: string, intentId: string | null): Refusal {
  const message =
    `${tool} was not run: this enforcement point does not hear of halts, and without that ` +
    'nothing but reads is done. Try again in a few seconds.';
  return { kind: 'refused', reason: 'no-lease', message, intentId, code: null };
}

export function permitRefusal(tool: string, flaw: PermitFlaw, intentId: string | null): Refusal {
  const message = `${tool} was not run: ${FLAW_TEXT[flaw]}`;
  return { kind: 'refused', reason: 'permit-refused', message, intentId, code: null, flaw };
}

export function failureRefusal(tool: string, cause: unknown): Refusal {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `${tool} was not run: estop gave no decision: ${why}`;
  return { kind: 'refused', reason: 'denied', message, intentId: null, code: 'timed-out', cause };
}

export function spentRefusal(
  tool: string,
  how: 'spent-before' | 'full',
  intentId: string,
): Refusal {
  if (how === 'spent-before') return permitRefusal(tool, 'spent', intentId);
  const message = `${tool} was not run: this enforcement point cannot remember one more permit`;
  return { kind: 'refused', reason: 'permit-refused', message, intentId, code: null };
}
