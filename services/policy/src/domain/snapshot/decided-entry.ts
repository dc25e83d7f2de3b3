/** The decided intents of one agent: most of what is kept of it. */
import type { IntentId } from '@estop/schemas/ids';
import { sharedKind } from '../decided.ts';
import type { DecidedIntent, DecisionKind, DecisionKinds } from '../state.ts';

type KindRow = readonly [
  DecisionKind['tool'],
  DecisionKind['tier'],
  DecisionKind['decision'],
  DecisionKind['reason'],
  DecisionKind['message'],
  DecisionKind['rules'],
  DecisionKind['policyHash'],
];

/** The expiry is relative to the time; the last two are left out of most rows. */
type DecidedRow = readonly [
  intentId: IntentId,
  kind: number,
  sessionId: DecidedIntent['sessionId'],
  digest: string,
  at: number,
  offset: number,
  expiresAfterMs: number | null,
  outcome: DecidedIntent['outcome'],
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
  for (const [intentId, decided] of decidedById) {
    const { kind, sessionId, digest, at, offset, expiresAt, outcome } = decided;
    let number = numberOf.get(kind);
    if (number === undefined) {
      number = kinds.length;
      numberOf.set(kind, number);
      kinds.push(kindRow(kind));
    }
    const expiresAfterMs = expiresAt === null ? null : expiresAt - at;
    const row = [intentId, number, sessionId, digest, at, offset, expiresAfterMs, outcome] as const;
    const { retryAfterMs, approval } = decided;
    const isPlain = retryAfterMs === null && approval === null;
    rows.push(isPlain ? row : [...row, retryAfterMs, approval]);
  }
  return { kinds, rows };
}

/** Adds the decided intents of an entry. */
export function readDecided(
  entry: DecidedEntry,
  kindsByTool: DecisionKinds,
  decidedById: Map<IntentId, DecidedIntent>,
): void {
  const kinds = entry.kinds.map((row) => sharedKind(kindsByTool, readKind(row)));
  for (const row of entry.rows) {
    const [intentId, number, sessionId, digest, at, offset, expiresAfterMs, outcome] = row;
    const kind = kinds[number];
    if (kind === undefined) throw new RangeError(`a decided intent is of no kind: ${number}`);
    // One literal in the order of decidedIntent, so that all of them have one shape.
    decidedById.set(intentId, {
      kind,
      sessionId,
      digest,
      at,
      offset,
      approval: row[9] ?? null,
      retryAfterMs: row[8] ?? null,
      expiresAt: expiresAfterMs === null ? null : at + expiresAfterMs,
      outcome,
    });
  }
}

function kindRow(kind: DecisionKind): KindRow {
  const { tool, tier, decision, reason, message, rules, policyHash } = kind;
  return [tool, tier, decision, reason, message, rules, policyHash];
}

function readKind([
  tool,
  tier,
  decision,
  reason,
  message,
  rules,
  policyHash,
]: KindRow): DecisionKind {
  return { tool, tier, decision, reason, message, rules, policyHash };
}
