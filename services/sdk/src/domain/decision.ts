/** What estop answers, as a closed union to switch over; and how an answer is read. */
import type { AllowReason, DenyReason, PendReason, Tier } from '@estop/schemas/messages';
import { isRecord, type JsonRecord } from './json.ts';

interface Answered {
  readonly intentId: string;
  /** One sentence for people. */
  readonly message: string;
  /** Ids of the rules that made the decision. */
  readonly rules: readonly string[];
  /** Hash of the fleet bundle that decided; null when none did. */
  readonly policy: string | null;
  /** When it was decided, ms since the epoch. */
  readonly at: number;
  /** Where in the audit log it is written; null when estop could not be reached. */
  readonly record: RecordPosition | null;
  /** What is left of the limits that count this call. */
  readonly limits: readonly LimitLeft[];
}

/** It may be done, once, and only as it was asked. */
export interface Allowed extends Answered {
  readonly decision: 'allow';
  readonly reason: AllowReason;
  /** What the catalogue says of the tool; null: not told. */
  readonly tier: Tier | null;
  /** The signed right to make the call once, at one enforcement point; null: none was given. */
  readonly permit: string | null;
  /** Until when the permit is good, ms. */
  readonly expiresAt: number | null;
  /** Until when the amounts stay held without an outcome, ms; null: nothing is held. */
  readonly holdUntil: number | null;
  /** For so long, ms, an enforcement point may make the same read again before it asks. */
  readonly readAgainMs: number;
}

/** It may not be done. */
export interface Denied extends Answered {
  readonly decision: 'deny';
  readonly reason: DenyReason;
  /** When it makes sense to ask for something like it again, ms from now. */
  readonly retryAfterMs: number | null;
}

/** A person must say yes first. */
export interface NeedsApproval extends Answered {
  readonly decision: 'needs-approval';
  readonly reason: PendReason;
  readonly approval: ApprovalAsked;
}

export type NotAllowed = Denied | NeedsApproval;

export type Decision = Allowed | NotAllowed;

export interface RecordPosition {
  readonly partition: number;
  readonly offset: number;
}

export interface LimitLeft {
  readonly id: string;
  /** calls, tokens or microUsd. */
  readonly unit: string;
  readonly remaining: number;
}

export interface ApprovalAsked {
  readonly id: string;
  /** The approval is for exactly this content. */
  readonly digest: string;
  /** Without an answer it is denied at this time, ms. */
  readonly expiresAt: number;
}

const ALLOW_REASONS: readonly string[] = ['permitted', 'approved'] satisfies AllowReason[];
const DENY_REASONS: readonly string[] = [
  'halted',
  'agent-unknown',
  'agent-suspended',
  'breaker-open',
  'not-permitted',
  'forbidden',
  'invalid-arguments',
  'invalid-intent',
  'rate-limited',
  'budget-exhausted',
  'approval-rejected',
  'approval-expired',
  'timed-out',
  'policy-error',
] satisfies DenyReason[];
const TIERS: readonly unknown[] = ['read', 'write', 'destructive', 'financial'] satisfies Tier[];
const PEND_REASONS: readonly string[] = ['approval-required', 'step-up'] satisfies PendReason[];

/**
 * Reads an answer of the gateway; undefined when it is none. An `allow` must be understood in full.
 * A `deny` or `needs-approval` with a reason this version does not know stays what it is.
 */
export function parseDecision(value: unknown): Decision | undefined {
  const answered = isRecord(value) ? parseAnswered(value) : undefined;
  if (!isRecord(value) || answered === undefined) return undefined;
  const reason = String(value['reason']);
  switch (value['decision']) {
    case 'allow':
      return isAllowReason(reason) ? allowed(answered, reason, value) : undefined;
    case 'deny': {
      const known = isDenyReason(reason) ? reason : 'policy-error';
      const retryAfterMs = numberOrNull(value['retryAfterMs']);
      return { ...answered, decision: 'deny', reason: known, retryAfterMs };
    }
    case 'needs-approval': {
      const { approval } = value;
      const known = isPendReason(reason) ? reason : 'approval-required';
      if (!isApproval(approval)) return undefined;
      return { ...answered, decision: 'needs-approval', reason: known, approval };
    }
    default:
      return undefined;
  }
}

function parseAnswered(value: JsonRecord): Answered | undefined {
  const { intentId, message, rules, policy, at, record, limits } = value;
  if (!isText(intentId) || !isText(value['reason'])) return undefined;
  return {
    intentId,
    message: isText(message) ? message : '',
    rules: listOf(rules, isText),
    policy: isText(policy) ? policy : null,
    at: numberOrNull(at) ?? 0,
    record: isPosition(record) ? record : null,
    limits: listOf(limits, isLimitLeft),
  };
}

function allowed(answered: Answered, reason: AllowReason, value: JsonRecord): Allowed {
  const permit = isText(value['permit']) ? value['permit'] : null;
  return {
    ...answered,
    decision: 'allow',
    reason,
    tier: isTier(value['tier']) ? value['tier'] : null,
    permit,
    expiresAt: numberOrNull(value['expiresAt']),
    holdUntil: numberOrNull(value['holdUntil']),
    readAgainMs: numberOrNull(value['readAgainMs']) ?? 0,
  };
}

/** The decision when estop gave none: no answer means no. */
export function failClosed(intentId: string, why: string, nowMs: number): Denied {
  return {
    intentId,
    decision: 'deny',
    reason: 'timed-out',
    message: `estop gave no decision: ${why}`,
    rules: [],
    policy: null,
    at: nowMs,
    record: null,
    limits: [],
    retryAfterMs: null,
  };
}

function isTier(tier: unknown): tier is Tier {
  return TIERS.includes(tier);
}

function isAllowReason(reason: string): reason is AllowReason {
  return ALLOW_REASONS.includes(reason);
}

function isDenyReason(reason: string): reason is DenyReason {
  return DENY_REASONS.includes(reason);
}

function isPendReason(reason: string): reason is PendReason {
  return PEND_REASONS.includes(reason);
}

function listOf<T>(value: unknown, isItem: (item: unknown) => item is T): readonly T[] {
  return Array.isArray(value) ? value.filter(isItem) : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isPosition(value: unknown): value is RecordPosition {
  return (
    isRecord(value) && typeof value['partition'] === 'number' && typeof value['offset'] === 'number'
  );
}

function isLimitLeft(value: unknown): value is LimitLeft {
  return (
    isRecord(value) &&
    typeof value['id'] === 'string' &&
    typeof value['unit'] === 'string' &&
    typeof value['remaining'] === 'number'
  );
}

function isApproval(value: unknown): value is ApprovalAsked {
  return (
    isRecord(value) &&
    typeof value['id'] === 'string' &&
    typeof value['digest'] === 'string' &&
    typeof value['expiresAt'] === 'number'
  );
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
