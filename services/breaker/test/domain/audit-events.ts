/** Events of the audit log as the decider writes them, with what the detectors look at filled in. */
import { type AgentId, type IntentId, parseAgentId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { AuditRecordEvent } from '@estop/schemas/messages';

export const AGENT = agentId('billing-bot');
export const RESULT = `sha256:${'a'.repeat(64)}`;

function agentId(text: string): AgentId {
  const id = parseAgentId(text);
  invariant(id !== undefined, 'an agent id');
  return id;
}

type Spec = Partial<{
  readonly tool: string;
  readonly session: string | null;
  readonly digest: string;
}>;

export function proposed(id: string, { tool = 'crm.read', session = 's1', digest }: Spec = {}) {
  const intent = {
    intentId: id as IntentId,
    agentId: AGENT,
    sessionId: session,
    tool,
    arguments: '{}',
    ...{ reason: null, task: null, tokens: null, microUsd: null, provenance: {}, undo: null },
    ...{ proposedBy: null, point: null },
  };
  const about = { digest: digest ?? `sha256:${id}`, tier: 'read', tokens: 0, microUsd: 0 };
  return { type: 'IntentProposed', intent, ...about, targets: [] } as unknown as AuditRecordEvent;
}

export function allowed(id: string): AuditRecordEvent {
  const about = { reason: 'permitted', rules: [], held: [], rates: [], holdUntil: 0, released: [] };
  return { type: 'IntentAllowed', intentId: id, ...about } as unknown as AuditRecordEvent;
}

export function denied(id: string, reason: string): AuditRecordEvent {
  const about = { message: '', rules: [], retryAfterMs: null, released: [] };
  return { type: 'IntentDenied', intentId: id, reason, ...about } as unknown as AuditRecordEvent;
}

export function outcome(id: string, changes: object = {}): AuditRecordEvent {
  const ended = {
    ...{ intentId: id, agentId: AGENT, status: 'ok', tokens: null, microUsd: null },
    ...{ durationMs: null, resultDigest: RESULT, error: null, reportedBy: AGENT, ...changes },
  };
  return { type: 'OutcomeRecorded', outcome: ended, settled: [] } as unknown as AuditRecordEvent;
}

export function breaker(from: string, to: string, cause: string): AuditRecordEvent {
  const about = { until: null, opens: 0, signal: null, explanation: '', evidence: null };
  return { type: 'BreakerChanged', from, to, cause, ...about } as unknown as AuditRecordEvent;
}
