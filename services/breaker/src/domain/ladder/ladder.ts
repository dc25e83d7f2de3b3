/**
 * What follows from findings, for one agent: closed, step-up (every write asks a person), open
 * (nothing passes), half-open (a few low-risk probes), closed again. Pure: events in, the next state
 * and orders out. Half-open comes after 30 s × 2ⁿ, n being how often it opened without a day's peace
 * in between, spread by a hash of agent and n so that a fleet does not come back all at once.
 */
import type { Tier } from '@estop/schemas/messages';
import type { LadderConfig } from '../config/breaker-config.ts';
import type { Finding, Signal } from '../finding.ts';
import { hashText, mixed } from '../numbers/hash.ts';

export interface Ladder {
  readonly status: 'closed' | 'step-up' | 'open' | 'half-open';
  readonly since: number;
  /** When step-up or open ends; 0 otherwise. */
  readonly until: number;
  /** Clean probes so far; half-open only. */
  readonly probesPassed: number;
  /** Times it opened, oldest first, as far back as they count for a kill. */
  readonly openedAt: readonly number[];
  /** Newest evidence of chance, by family of signals. */
  readonly evidence: readonly Evidence[];
  /** Destructive and financial calls wait for a person to re-arm them. */
  readonly awaitsPerson: boolean;
}

interface Evidence {
  readonly family: string;
  readonly at: number;
}

export type LadderEvent =
  | { readonly type: 'finding'; readonly at: number; readonly finding: Finding }
  | { readonly type: 'probe'; readonly at: number; readonly isClean: boolean }
  | { readonly type: 'tick'; readonly at: number }
  | { readonly type: 'trip'; readonly at: number; readonly reason: string }
  | { readonly type: 'rearm'; readonly at: number };

export type Order =
  | { readonly type: 'step-up'; readonly until: number; readonly reason: string }
  | { readonly type: 'open'; readonly until: number; readonly reason: string }
  | { readonly type: 'half-open'; readonly probes: number }
  | { readonly type: 'close' }
  | { readonly type: 'propose-kill'; readonly opens: number; readonly reason: string };

export interface Climbed {
  readonly ladder: Ladder;
  readonly orders: readonly Order[];
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

export function closedLadder(at: number): Ladder {
  return {
    status: 'closed',
    since: at,
    until: 0,
    probesPassed: 0,
    openedAt: [],
    evidence: [],
    awaitsPerson: false,
  };
}

/** The next state, and what is to be ordered. */
export function climb(ladder: Ladder, event: LadderEvent, owner: LadderOwner): Climbed {
  switch (event.type) {
    case 'finding':
      return onFinding(ladder, event, owner);
    case 'probe':
      return onProbe(ladder, event, owner);
    case 'tick':
      return onTick(ladder, event.at, owner);
    case 'trip':
      return open(ladder, event, owner);
    case 'rearm':
      return onRearm(ladder, event.at);
  }
}

/** What a call of this tier meets: let through, a person's yes, a probe, or nothing. */
export function passageOf(ladder: Ladder, tier: Tier): 'pass' | 'ask' | 'probe' | 'deny' {
  const isGrave = tier === 'destructive' || tier === 'financial';
  switch (ladder.status) {
    case 'open':
      return 'deny';
    case 'half-open':
      if (tier === 'read') return 'probe';
      return isGrave ? 'deny' : 'ask';
    case 'step-up':
      if (tier === 'read') return 'pass';
      return isGrave && ladder.awaitsPerson ? 'deny' : 'ask';
    case 'closed':
      return isGrave && ladder.awaitsPerson ? 'deny' : 'pass';
  }
}

function onFinding(
  ladder: Ladder,
  { at, finding }: Extract<LadderEvent, { readonly type: 'finding' }>,
  owner: LadderOwner,
): Climbed {
  if (ladder.status === 'open') return { ladder, orders: [] };
  const reason = finding.sentence;
  if (finding.kind === 'deterministic' || ladder.status === 'half-open') {
    return open(ladder, { at, reason }, owner);
  }
  const { evidenceMs, signalsToOpen } = owner.config;
  const family = `${FAMILY[finding.signal]}${LASTING.has(finding.rule) ? ', lasting' : ''}`;
  const others = ladder.evidence.filter((one) => one.family !== family && at - one.at < evidenceMs);
  const evidence = [...others, { family, at }];
  if (evidence.length >= signalsToOpen) return open({ ...ladder, evidence }, { at, reason }, owner);
  const until = at + evidenceMs;
  const since = ladder.status === 'step-up' ? ladder.since : at;
  const next: Ladder = { ...ladder, status: 'step-up', since, until, evidence };
  return { ladder: next, orders: [{ type: 'step-up', until, reason }] };
}

function onProbe(
  ladder: Ladder,
  { at, isClean }: Extract<LadderEvent, { readonly type: 'probe' }>,
  owner: LadderOwner,
): Climbed {
  if (ladder.status !== 'half-open') return { ladder, orders: [] };
  if (!isClean) return open(ladder, { at, reason: 'a probe failed' }, owner);
  const probesPassed = ladder.probesPassed + 1;
  if (probesPassed < owner.config.probes)
    return { ladder: { ...ladder, probesPassed }, orders: [] };
  const { openedAt } = ladder;
  const next = { ...closedLadder(at), openedAt, awaitsPerson: true };
  return { ladder: next, orders: [{ type: 'close' }] };
}

function onTick(ladder: Ladder, at: number, { config }: LadderOwner): Climbed {
  if (at < ladder.until) return { ladder, orders: [] };
  if (ladder.status === 'step-up') {
    const { openedAt, awaitsPerson } = ladder;
    const next = { ...closedLadder(at), openedAt, awaitsPerson };
    return { ladder: next, orders: [{ type: 'close' }] };
  }
  if (ladder.status !== 'open') return { ladder, orders: [] };
  const next: Ladder = { ...ladder, status: 'half-open', since: at, until: 0, probesPassed: 0 };
  return { ladder: next, orders: [{ type: 'half-open', probes: config.probes }] };
}

/** A person's word: closed, and what happened before counts no more. */
function onRearm(ladder: Ladder, at: number): Climbed {
  const isChange = ladder.status !== 'closed' || ladder.awaitsPerson;
  return { ladder: closedLadder(at), orders: isChange ? [{ type: 'close' }] : [] };
}

function open(
  ladder: Ladder,
  { at, reason }: { readonly at: number; readonly reason: string },
  owner: LadderOwner,
): Climbed {
  const { killWindowMs, opensToKill } = owner.config;
  const openedAt = [...ladder.openedAt.filter((then) => at - then < killWindowMs), at].slice(
    -OPENS_KEPT,
  );
  const until = at + openForMs(openedAt.length - 1, owner);
  const next: Ladder = {
    status: 'open',
    since: at,
    until,
    probesPassed: 0,
    openedAt,
    evidence: [],
    awaitsPerson: true,
  };
  const orders: Order[] = [{ type: 'open', until, reason }];
  const opens = openedAt.length;
  if (opens >= opensToKill) orders.push({ type: 'propose-kill', opens, reason });
  return { ladder: next, orders };
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
