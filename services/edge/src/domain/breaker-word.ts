/** How the breaker of an agent is, as the control stream tells it, and which decisions it voids. */
import type { AgentView, Tier } from '@estop/schemas/messages';
import { isRecord } from './json.ts';

/** `since`: by the clock of the log, ms, as decisions are timed. */
export type BreakerWord = Pick<NonNullable<AgentView['breaker']>, 'mode' | 'since' | 'held'>;

const MODES: readonly string[] = [
  'closed',
  'step-up',
  'open',
  'half-open',
] satisfies BreakerWord['mode'][];

/** Undefined: it says nothing of a breaker. A mode that is not known here is open. */
export function readBreakerWord(value: unknown): BreakerWord | undefined {
  if (!isRecord(value) || typeof value['mode'] !== 'string') return undefined;
  const { mode, since, held } = value;
  return {
    mode: isMode(mode) ? mode : 'open',
    since: typeof since === 'number' ? since : null,
    held: held !== false,
  };
}

/**
 * Whether a call that was allowed then may not run any more: the breaker has opened since, and no person
 * has re-armed it. Once it is closed again its opening is older than `since`, and reads were let through
 * between the two.
 */
export function voidsDecision(
  { mode, since, held }: BreakerWord,
  { tier, decidedAt }: { readonly tier: Tier; readonly decidedAt: number },
): boolean {
  switch (mode) {
    // While it is open nothing is allowed: what was at the same moment came before.
    case 'open':
      return since === null || decidedAt <= since;
    case 'half-open':
      return since === null || decidedAt < since;
    case 'closed':
    case 'step-up':
      return held && tier !== 'read' && since !== null && decidedAt < since;
  }
}

function isMode(mode: unknown): mode is BreakerWord['mode'] {
  return typeof mode === 'string' && MODES.includes(mode);
}
