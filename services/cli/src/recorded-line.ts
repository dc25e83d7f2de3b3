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
import { type Fields, isFields, numberIn, textIn } from './domain/fields.ts';

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
const BAD_COST = '`cost` holds whole numbers: tokens, microUsd';

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
  const cost = readCost(line);
  if (cost === undefined) return bad(BAD_COST);
  const provenance = readProvenance(line['provenance'] ?? {});
  if (provenance === undefined) return bad('`provenance` maps pointers to user, tool or model');
  const undo = readUndo(line['undo'] ?? null);
  if (undo === undefined) return bad('`undo` is no call: { tool, arguments }');
  const args = canonicalText(line['arguments']);
  const { reason, task } = { reason: textIn(line, 'reason'), task: textIn(line, 'task') };
  const about = { intentId, agentId, sessionId, tool, reason, task, provenance, undo };
  const intent: Intent = { ...about, ...cost, arguments: args, proposedBy: null, point: null };
  return { kind: 'intent', intent, digest: intentDigest(agentId, tool, args), atMs };
}

/** Both amounts, null where they are not given; undefined when one is no amount. */
function readCost(line: Fields): Pick<Intent, 'tokens' | 'microUsd'> | undefined {
  const cost = line['cost'] ?? {};
  if (!isFields(cost)) return undefined;
  const { tokens = null, microUsd = null } = cost;
  return isAmount(tokens) && isAmount(microUsd) ? { tokens, microUsd } : undefined;
}

function isAmount(value: unknown): value is number | null {
  return value === null || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0);
}

function readProvenance(value: unknown): Intent['provenance'] | undefined {
  if (!isFields(value)) return undefined;
  const labels: Record<string, string> = {};
  for (const [pointer, source] of Object.entries(value)) {
    if (typeof source !== 'string' || !SOURCES.includes(source)) return undefined;
    labels[pointer] = source;
  }
  return labels;
}

function readUndo(value: unknown): Intent['undo'] | undefined {
  if (value === null) return null;
  if (!isFields(value) || !isFields(value['arguments'])) return undefined;
  const tool = parseToolName(textIn(value, 'tool') ?? '');
  return tool === undefined ? undefined : { tool, arguments: canonicalText(value['arguments']) };
}

function readOutcome(line: Fields, fields: Fields, atMs: number): RecordedLine {
  const intentId = parseIntentId(textIn(fields, 'intentId') ?? '');
  const agent = textIn(fields, 'agent') ?? textIn(line, 'agent');
  const agentId = agent === null ? null : parseAgentId(agent);
  const status = STATUSES.find((one) => one === textIn(fields, 'status'));
  if (intentId === undefined) return bad('`outcome.intentId` is missing or no intent id');
  if (agentId === undefined) return bad('`agent` of the outcome is no agent id');
  if (status === undefined) return bad(`\`outcome.status\` is not one of ${STATUSES.join(', ')}`);
  const cost = readCost(fields);
  if (cost === undefined) return bad(BAD_COST);
  const outcome: RecordedOutcome = {
    intentId,
    agentId,
    status,
    ...cost,
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
