/** Recorded lines of a backtest: an intent or an outcome, with the time it happened. */
import { intentDigest } from '@estop/schemas/digest';
import {
  type AgentId,
  parseAgentId,
  parseIntentId,
  parseSessionId,
  parseToolName,
} from '@estop/schemas/ids';
import type { Intent, Outcome, OutcomeStatus } from '@estop/schemas/messages';
import canonicalize from 'canonicalize';
import { type Fields, isFields, numberIn, objectIn, textIn } from './domain/fields.ts';

export type RecordedLine =
  | {
      readonly kind: 'intent';
      readonly intent: Intent;
      readonly digest: string;
      readonly atMs: number;
    }
  | { readonly kind: 'outcome'; readonly outcome: RecordedOutcome; readonly atMs: number }
  | { readonly kind: 'bad'; readonly why: string };

/** An outcome whose agent follows from its intent when the line does not say. */
export type RecordedOutcome = Omit<Outcome, 'agentId' | 'reportedBy'> & {
  readonly agentId: AgentId | null;
};

const STATUSES: readonly OutcomeStatus[] = ['ok', 'error', 'cancelled', 'unknown'];
const SOURCES = ['user', 'tool', 'model'];

/** Reads one line: `{ id, agent, at, tool, arguments, … }` or `{ outcome: {…}, at }`. */
export function readRecordedLine(line: Fields): RecordedLine {
  const atMs = numberIn(line, 'at');
  if (atMs === null || !Number.isSafeInteger(atMs) || atMs < 0) {
    return bad('`at` is missing or no time in milliseconds');
  }
  return isFields(line['outcome'])
    ? readOutcome(line, line['outcome'], atMs)
    : readIntent(line, atMs);
}

function readIntent(line: Fields, atMs: number): RecordedLine {
  const intentId = parseIntentId(textIn(line, 'id') ?? '');
  const agentId = parseAgentId(textIn(line, 'agent') ?? '');
  const tool = parseToolName(textIn(line, 'tool') ?? '');
  if (intentId === undefined) return bad('`id` is missing or no intent id');
  if (agentId === undefined) return bad('`agent` is missing or no agent id');
  if (tool === undefined) return bad('`tool` is missing or no tool name');
  if (!isFields(line['arguments'])) return bad('`arguments` is missing or no object');
  const session = textIn(line, 'session');
  const sessionId = session === null ? null : parseSessionId(session);
  if (sessionId === undefined) return bad('`session` is no session id');
  const cost = objectIn(line, 'cost');
  const args = canonicalText(line['arguments']);
  const intent: Intent = {
    intentId,
    agentId,
    sessionId,
    tool,
    arguments: args,
    reason: textIn(line, 'reason'),
    task: textIn(line, 'task'),
    tokens: numberIn(cost, 'tokens'),
    microUsd: numberIn(cost, 'microUsd'),
    provenance: provenanceOf(objectIn(line, 'provenance')),
    undo: undoOf(objectIn(line, 'undo')),
    proposedBy: null,
  };
  return { kind: 'intent', intent, digest: intentDigest(agentId, tool, args), atMs };
}

function provenanceOf(fields: Fields): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([pointer, source]) =>
      typeof source === 'string' && SOURCES.includes(source) ? [[pointer, source]] : [],
    ),
  );
}

function undoOf(fields: Fields): Intent['undo'] {
  const tool = parseToolName(textIn(fields, 'tool') ?? '');
  if (tool === undefined || !isFields(fields['arguments'])) return null;
  return { tool, arguments: canonicalText(fields['arguments']) };
}

function readOutcome(line: Fields, fields: Fields, atMs: number): RecordedLine {
  const intentId = parseIntentId(textIn(fields, 'intentId') ?? '');
  const agent = textIn(fields, 'agent') ?? textIn(line, 'agent');
  const agentId = agent === null ? null : parseAgentId(agent);
  const status = STATUSES.find((one) => one === textIn(fields, 'status'));
  if (intentId === undefined) return bad('`outcome.intentId` is missing or no intent id');
  if (agentId === undefined) return bad('`agent` of the outcome is no agent id');
  if (status === undefined) return bad(`\`outcome.status\` is not one of ${STATUSES.join(', ')}`);
  const cost = objectIn(fields, 'cost');
  const outcome: RecordedOutcome = {
    intentId,
    agentId,
    status,
    tokens: numberIn(cost, 'tokens'),
    microUsd: numberIn(cost, 'microUsd'),
    durationMs: numberIn(fields, 'durationMs'),
    resultDigest: textIn(fields, 'resultDigest'),
    error: textIn(fields, 'error'),
  };
  return { kind: 'outcome', outcome, atMs };
}

function canonicalText(args: Fields): string {
  return canonicalize(args) ?? '{}';
}

function bad(why: string): RecordedLine {
  return { kind: 'bad', why };
}
