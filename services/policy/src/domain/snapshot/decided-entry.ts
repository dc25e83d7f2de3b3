/** The decided intents of one agent: most of what is kept of it. */

import { packDigest, unpackDigest } from '@estop/schemas/digest';
import type { IntentId } from '@estop/schemas/ids';
import { sharedKind } from '../decided.ts';
import type { DecidedIntent, DecisionKind, DecisionKinds } from '../state.ts';

type KindRow = readonly [
  DecisionKind['tool'],
  DecisionKind['tier'],
  DecisionKind['point'],
  DecisionKind['decision'],
  DecisionKind['reason'],
  DecisionKind['message'],
  DecisionKind['rules'],
  DecisionKind['policyHash'],
];

/**
 * Time and offset count from the row before, the expiry from the time. What is null goes when nothing
 * stands behind it.
 */
type DecidedRow = readonly [
  intentId: IntentId,
  kind: number,
  sessionId: DecidedIntent['sessionId'],
  digest: string,
  sinceMs: number,
  sinceOffset: number,
  ...OptionalFields,
];

type OptionalFields = readonly [
  expiresAfterMs?: number | null,
  outcome?: DecidedIntent['outcome'],
  retryAfterMs?: DecidedIntent['retryAfterMs'],
  approval?: DecidedIntent['approval'],
];

export interface DecidedEntry {
  readonly kinds: readonly KindRow[];
  /** Oldest first. */
  readonly rows: readonly DecidedRow[];
}

export function decidedEntry(decidedById: ReadonlyMap<IntentId, DecidedIntent>): DecidedEntry {
  const kinds: KindRow[] = [];
  const numberOf = new Map<DecisionKind, number>();
  const rows: DecidedRow[] = [];
  let last: Pick<DecidedIntent, 'at' | 'offset'> = FIRST;
  for (const [intentId, decided] of decidedById) {
    const { kind, sessionId, at, offset } = decided;
    let number = numberOf.get(kind);
    if (number === undefined) {
      number = kinds.length;
      numberOf.set(kind, number);
      kinds.push(kindRow(kind));
    }
    const digest = packDigest(decided.digest);
    const since = [at - last.at, offset - last.offset] as const;
    rows.push([intentId, number, sessionId, digest, ...since, ...optionalFields(decided)]);
    last = decided;
  }
  return { kinds, rows };
}

const FIRST = { at: 0, offset: 0 };

function optionalFields(decided: DecidedIntent): OptionalFields {
  const { at, expiresAt, outcome, retryAfterMs, approval } = decided;
  const expiresAfterMs = expiresAt === null ? null : expiresAt - at;
  if (approval !== null) return [expiresAfterMs, outcome, retryAfterMs, approval];
  if (retryAfterMs !== null) return [expiresAfterMs, outcome, retryAfterMs];
  if (outcome !== null) return [expiresAfterMs, outcome];
  return expiresAfterMs === null ? [] : [expiresAfterMs];
}

/** Adds the decided intents of an entry. */
export function readDecided(
  entry: DecidedEntry,
  kindsByTool: DecisionKinds,
  decidedById: Map<IntentId, DecidedIntent>,
): void {
  const kinds = entry.kinds.map((row) => sharedKind(kindsByTool, readKind(row)));
  let at = 0;
  let offset = 0;
  for (const row of entry.rows) {
    const [intentId, number, sessionId, digest, sinceMs, sinceOffset] = row;
    const [, , , , , , expiresAfterMs = null, outcome = null, retryAfterMs, approval] = row;
    const kind = kinds[number];
    if (kind === undefined) throw new RangeError(`a decided intent is of no kind: ${number}`);
    at += sinceMs;
    offset += sinceOffset;
    // One literal in the order of decidedIntent, so that all of them have one shape.
    decidedById.set(intentId, {
      kind,
      sessionId,
      digest: unpackDigest(digest),
      at,
      offset,
      approval: approval ?? null,
      retryAfterMs: retryAfterMs ?? null,
      expiresAt: expiresAfterMs === null ? null : at + expiresAfterMs,
      outcome,
    });
  }
}

function kindRow(kind: DecisionKind): KindRow {
  const { tool, tier, point, decision, reason, message, rules, policyHash } = kind;
  return [tool, tier, point, decision, reason, message, rules, policyHash];
}

function readKind([
  tool,
  tier,
  point,
  decision,
  reason,
  message,
  rules,
  policyHash,
]: KindRow): DecisionKind {
  return { tool, tier, point, decision, reason, message, rules, policyHash };
}
