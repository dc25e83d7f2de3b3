/** What the event stream tells, made from the records of the topics that the gateway follows. */
import type { StoredRecord } from '@estop/log/port';
import { parseSubject } from '@estop/schemas/ids';
import type { AgentView, Decision, Halt, HaltScope, Verdict } from '@estop/schemas/messages';
import { approvalOutcome, decisionBody } from '../domain/decision-body.ts';
import { haltBody } from '../domain/halt-body.ts';
import type { Alert } from '../read-models/alerts.ts';

export const EVENT_TYPES = [
  'decision',
  'halt',
  'breaker',
  'approval',
  'alert',
  'agent',
  'fleet',
] as const;
/** A view may follow the change that it shows by so much. */
const VIEW_DELAY_MS = 5_000;
export type EventType = (typeof EVENT_TYPES)[number];

export interface StreamEvent {
  readonly type: EventType;
  /** Whom it is about; null: not one agent. */
  readonly agent: string | null;
  readonly tool: string | null;
  readonly session: string | null;
  readonly decision: Verdict | null;
  /** Of a halt: whom it covers. */
  readonly scope: HaltScope | null;
  readonly data: object;
}

/** What a client wants to hear of; null: everything. */
export interface StreamFilter {
  readonly types: ReadonlySet<EventType> | null;
  readonly agent: string | null;
  readonly tool: string | null;
  readonly session: string | null;
  readonly decision: Verdict | null;
}

export function wants(filter: StreamFilter, event: StreamEvent): boolean {
  const { types, agent, tool, session, decision } = filter;
  if (types !== null && !types.has(event.type)) return false;
  if (decision !== null && event.decision !== decision) return false;
  if (session !== null && event.session !== session) return false;
  if (event.scope !== null) return mayCover(event.scope, agent, tool);
  if (agent !== null && event.agent !== agent) return false;
  return tool === null || event.tool === tool;
}

/** A group's members change: whoever watches one agent is told of every group's halt. */
function mayCover(scope: HaltScope, agent: string | null, tool: string | null): boolean {
  const missesAgent = agent !== null && scope.agent !== null && scope.agent !== agent;
  const missesTool = tool !== null && scope.tool !== null && scope.tool !== tool;
  return !missesAgent && !missesTool;
}

const NOBODY = { agent: null, tool: null, session: null, decision: null, scope: null } as const;

export function decisionEvents(decision: Decision): readonly StreamEvent[] {
  const { agentId: agent, tool, tier, sessionId: session, digest, approval } = decision;
  const about = { ...NOBODY, agent, tool, session, decision: decision.decision };
  const data = { ...decisionBody(decision), agent, tool, tier, session, digest };
  const told: StreamEvent = { ...about, type: 'decision', data };
  if (approval === null) return [told];
  const { id, quorum, approvers, approvedBy, expiresAt, severity } = approval;
  const { intentId, message, at } = decision;
  const state = approvalOutcome(decision);
  const asked = { id, agent, intentId, tool, digest, state, message, at };
  const votes = { quorum, approvers, approvedBy, expiresAt, severity };
  return [told, { ...about, type: 'approval', data: { ...asked, ...votes } }];
}

export function agentEvents(view: AgentView): readonly StreamEvent[] {
  if (parseSubject(view.subject)?.kind !== 'agent') return [];
  const { subject: agent, at, suspended, allowed, denied, budgets, rates, record } = view;
  const { breaker } = view;
  const counts = { suspended, breaker, allowed, denied, pending: view.pending.length };
  return [
    { ...NOBODY, type: 'agent', agent, data: { id: agent, at, ...counts, budgets, rates, record } },
  ];
}

/**
 * That a breaker changed. Whoever comes back to the stream may be told again of a change that several
 * views show: it is the same when agent and `since` are.
 */
export function breakerEvents(
  { subject: agent, at, breaker }: AgentView,
  before: AgentView | undefined,
): readonly StreamEvent[] {
  const since = breaker?.since ?? null;
  if (breaker === null || since === null || at - since > VIEW_DELAY_MS) return [];
  const isOlder = (before?.at ?? 0) < at;
  if (isOlder && before?.breaker?.since === since) return [];
  return [{ ...NOBODY, type: 'breaker', agent, data: { agent, ...breaker } }];
}

export function alertEvent({ kind, at, agents, group, sentence }: Alert): StreamEvent {
  const [agent, another] = agents;
  const about = another === undefined ? (agent ?? null) : null;
  return { ...NOBODY, type: 'alert', agent: about, data: { kind, at, agents, group, sentence } };
}

export function haltEvents(halt: Halt, { timestampMs }: StoredRecord): readonly StreamEvent[] {
  const { scope } = halt;
  return [{ ...NOBODY, type: 'halt', scope, data: haltBody(halt, timestampMs) }];
}

export function fleetEvents(
  { hash, by }: { readonly hash: string; readonly by: string },
  { timestampMs }: StoredRecord,
): readonly StreamEvent[] {
  return [{ ...NOBODY, type: 'fleet', data: { hash, by, at: timestampMs } }];
}
