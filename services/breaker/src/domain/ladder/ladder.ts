/**
 * What follows from findings, for one agent: nothing, a step-up (every write asks a person), or open
 * (nothing passes). Pure. The breaker itself stands in the audit log and is the decider's: this
 * follows what the log says of it, remembers evidence, and answers what is to be ordered. It is open
 * for 30 s × 2ⁿ, n being how often it opened without a day's peace in between, spread by a hash of
 * agent and n so that a fleet does not come back all at once.
 */
import type { BreakerChanged, BreakerState } from '@estop/schemas/messages';
import type { LadderConfig } from '../config/breaker-config.ts';
import type { Finding, Signal } from '../finding.ts';
import { hashText, mixed } from '../numbers/hash.ts';

export interface Ladder {
  /** As the log says. */
  readonly mode: BreakerState;
  /** Times it opened, oldest first, as far back as they count for a kill. */
  readonly openedAt: readonly number[];
  /** Newest evidence of chance, by family of signals. */
  readonly evidence: readonly Evidence[];
  /** What was ordered and is not in the log yet; null: nothing. */
  readonly ordered: { readonly mode: TripMode; readonly at: number } | null;
}

type TripMode = 'step-up' | 'open';

interface Evidence {
  readonly family: string;
  readonly at: number;
}

export interface Order {
  readonly mode: TripMode;
  /** When it ends by itself, ms. */
  readonly until: number;
  /** Times it opened lately, this one counted. */
  readonly opens: number;
  /** It opened so often that a person should think of a kill. */
  readonly proposesKill: boolean;
}

export interface Climbed {
  readonly ladder: Ladder;
  readonly order: Order | null;
}

/** Whose ladder it is, and by which numbers it goes. */
export interface LadderOwner {
  readonly agentId: string;
  readonly config: LadderConfig;
}

/** More of everything has one cause; so have failures. Two families are two signs. */
const FAMILY: Readonly<Record<Signal, string>> = {
  volume: 'activity',
  spend: 'activity',
  tokens: 'activity',
  'fan-out': 'activity',
  'error-rate': 'failure',
  latency: 'failure',
  'deny-rate': 'denial',
  novelty: 'novelty',
  loop: 'loop',
  silence: 'silence',
};
/** A lasting change of level is a sign of its own beside a burst. */
const LASTING = new Set(['drift', 'growth']);
const JITTER_PER_MILLE = 100;
/** Enough for the longest time open and the most opens before a kill that may be asked for. */
const OPENS_KEPT = 100;
/** An order that is not in the log after so long was refused, or lost: it is given again. */
const ORDER_MS = 60_000;

export const CLOSED_LADDER: Ladder = { mode: 'closed', openedAt: [], evidence: [], ordered: null };

/** What a finding leads to: an order only where it makes the breaker stricter than it is. */
export function climb(ladder: Ladder, finding: Finding, owner: LadderOwner): Climbed {
  const { at } = finding;
  if (isOrOpens(ladder, at)) return { ladder, order: null };
  if (finding.kind === 'deterministic' || ladder.mode === 'half-open') {
    return open(ladder, at, owner);
  }
  const { evidenceMs, signalsToOpen } = owner.config;
  const family = `${FAMILY[finding.signal]}${LASTING.has(finding.rule) ? ', lasting' : ''}`;
  const others = ladder.evidence.filter((one) => one.family !== family && at - one.at < evidenceMs);
  const evidence = [...others, { family, at }];
  if (evidence.length >= signalsToOpen) return open({ ...ladder, evidence }, at, owner);
  const opens = openedLately(ladder, at, owner).length;
  return {
    ladder: { ...ladder, evidence, ordered: { mode: 'step-up', at } },
    order: { mode: 'step-up', until: at + evidenceMs, opens, proposesKill: false },
  };
}

/** What the log says of the breaker, whoever changed it. */
export function changed(
  ladder: Ladder,
  { from, to, cause }: Pick<BreakerChanged, 'from' | 'to' | 'cause'>,
  at: number,
): Ladder {
  if (cause === 'rearmed') return CLOSED_LADDER;
  const isOpening = to === 'open' && from !== 'open';
  const openedAt = isOpening ? [...ladder.openedAt, at].slice(-OPENS_KEPT) : ladder.openedAt;
  const evidence = to === 'step-up' ? ladder.evidence : [];
  return { mode: to, openedAt, evidence, ordered: null };
}

/** Whether what happens now is no example of how it should be. */
export function isFrozen({ mode }: Ladder): boolean {
  return mode === 'open' || mode === 'half-open';
}

function isOrOpens({ mode, ordered }: Ladder, at: number): boolean {
  return mode === 'open' || (ordered?.mode === 'open' && at - ordered.at < ORDER_MS);
}

function open(ladder: Ladder, at: number, owner: LadderOwner): Climbed {
  const openedAt = openedLately(ladder, at, owner);
  const opens = openedAt.length + 1;
  return {
    ladder: { ...ladder, openedAt, ordered: { mode: 'open', at } },
    order: {
      mode: 'open',
      until: at + openForMs(openedAt.length, owner),
      opens,
      proposesKill: opens >= owner.config.opensToKill,
    },
  };
}

function openedLately(
  { openedAt }: Ladder,
  at: number,
  { config: { killWindowMs } }: LadderOwner,
): readonly number[] {
  return openedAt.filter((then) => at - then < killWindowMs);
}

/** How long it stays open the n-th time, from 0. */
export function openForMs(n: number, { agentId, config }: LadderOwner): number {
  let delayMs = config.halfOpenAfterMs;
  for (let doubled = 0; doubled < n && delayMs < config.halfOpenAfterMaxMs; doubled += 1) {
    delayMs *= 2;
  }
  const share = mixed(hashText(`${agentId}:${n}`)) % (JITTER_PER_MILLE + 1);
  return Math.min(delayMs + Math.floor((delayMs * share) / 1_000), config.halfOpenAfterMaxMs);
}
