/** What waits for people, and their answers: `/v1/approvals`. */
import { agentSubject, parseApprovalId, parseSubject } from '@estop/schemas/ids';
import type { AgentView, Decision as DecisionMessage, PendingView } from '@estop/schemas/messages';
import Type from 'typebox';
import { personBehind } from '../auth/principal.ts';
import { ORDER_PROBLEMS } from '../commands.ts';
import type { GatewayContext } from '../context.ts';
import { approvalOutcome, decisionBody, isFinal } from '../domain/decision-body.ts';
import { type App, principalOf } from '../http/app.ts';
import {
  Decision,
  Digest,
  IdParams,
  nullable,
  ReasonText,
  RecordPosition,
  strict,
  TimeMs,
} from '../http/schemas.ts';
import { ProblemError } from '../problems.ts';

/** How long an answer to a vote waits for the decision it makes final. */
const DECISION_MS = 1_000;

const Approval = strict(
  {
    id: Type.String(),
    state: Type.String({ description: 'pending, approved, rejected, expired or refused' }),
    agent: Type.String(),
    intentId: Type.String(),
    tool: Type.String(),
    tier: Type.String(),
    digest: Digest,
    message: Type.String(),
    rules: Type.Array(Type.String()),
    at: TimeMs,
    expiresAt: TimeMs,
    quorum: Type.Integer(),
    approvers: Type.Array(Type.String(), { description: 'Groups; empty: any approver.' }),
    approvedBy: Type.Array(Type.String()),
    severity: nullable(Type.String()),
    record: RecordPosition,
    arguments: Type.Optional(Type.Unknown({ description: 'An object; a text when it was cut.' })),
    argumentsCut: Type.Optional(Type.Boolean()),
    intentReason: Type.Optional(nullable(Type.String())),
    task: Type.Optional(nullable(Type.String())),
    untrusted: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Arguments whose value came only from tool output.',
      }),
    ),
  },
  { title: 'Approval' },
);

const StateQuery = Type.Optional(
  Type.Union([Type.Literal('pending'), Type.Literal('all')], {
    description: 'pending (default), or all: those decided lately too.',
  }),
);

export function approvalRoutes(app: App, context: GatewayContext): void {
  addList(app, context);
  addVote(app, context);
}

function addList(app: App, { agents, decisions }: GatewayContext): void {
  app.get(
    '/v1/approvals',
    {
      schema: { querystring: strict({ state: StateQuery }) },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'listApprovals',
          tag: 'Approvals',
          summary: 'What waits for people, the soonest to expire first',
          answers: { 200: strict({ approvals: Type.Array(Approval) }) },
        },
      },
    },
    async (request) => {
      const pending = [...agents.views()]
        .filter(({ subject }) => parseSubject(subject)?.kind === 'agent')
        .flatMap((view) => view.pending.map(pendingBody))
        .sort((one, other) => one.expiresAt - other.expiresAt);
      if (request.query.state !== 'all') return { approvals: pending };
      const decided = [...decisions.asked()]
        .filter((decision) => decision.approval !== null && isFinal(decision))
        .map(approvalBody);
      return { approvals: [...pending, ...decided] };
    },
  );
}

function addVote(app: App, context: GatewayContext): void {
  const Vote = strict(
    {
      decision: Type.Union([Type.Literal('approve'), Type.Literal('reject')]),
      digest: Digest,
      reason: Type.Optional(ReasonText),
    },
    { title: 'Vote', description: 'The digest says for exactly which content.' },
  );
  const Voted = strict({
    id: Type.String(),
    vote: Type.String(),
    state: Type.String(),
    decision: nullable(Decision),
  });
  app.post(
    '/v1/approvals/:id',
    {
      schema: { params: IdParams, body: Vote },
      config: {
        access: 'approver',
        doc: {
          operationId: 'answerApproval',
          tag: 'Approvals',
          summary: 'Approve or reject',
          description: '409 when the digest differs or it is decided already.',
          answers: { 200: Voted },
          problems: ORDER_PROBLEMS,
        },
      },
    },
    async (request) => {
      const { id } = request.params;
      const named = parseApprovalId(id);
      if (named === undefined) throw new ProblemError('not-found', `there is no approval ${id}`);
      const { agentId, intentId } = named;
      const { decision: vote, digest, reason } = request.body;
      const type = vote === 'approve' ? 'Approve' : 'Reject';
      const { view } = await context.commander.order({
        subject: agentSubject(agentId),
        by: personBehind(principalOf(request)).id,
        reason: reason ?? null,
        body: { type, intentId, digest },
      });
      const decided = await finalDecision(context, view, named);
      const state = decided === undefined ? 'pending' : approvalOutcome(decided);
      return { id, vote, state, decision: decided === undefined ? null : decisionBody(decided) };
    },
  );
}

/** The decision that a vote made final; undefined: more votes are wanted. */
function finalDecision(
  { decisions, proposer }: GatewayContext,
  view: AgentView,
  named: NonNullable<ReturnType<typeof parseApprovalId>>,
): Promise<DecisionMessage | undefined> {
  const { agentId, intentId } = named;
  if (view.pending.some(({ decision }) => decision.intentId === intentId)) {
    return Promise.resolve(undefined);
  }
  const known = decisions.get(agentId, intentId);
  if (known !== undefined && isFinal(known)) return Promise.resolve(known);
  return new Promise((resolve) => {
    const take = (decision: DecisionMessage | null): void =>
      resolve(decision !== null && isFinal(decision) ? decision : undefined);
    if (known === undefined) {
      return proposer.awaitPending({ agentId, intentId }, DECISION_MS, (_, next) => take(next));
    }
    proposer.answerOrWait(known, DECISION_MS, (_, next) => take(next));
  });
}

function pendingBody(pending: PendingView) {
  const { argumentsCut, intentReason, task, untrusted } = pending;
  const args: unknown = argumentsCut ? pending.arguments : JSON.parse(pending.arguments);
  const asked = { arguments: args, argumentsCut, intentReason, task, untrusted };
  return { ...approvalBody(pending.decision), ...asked };
}

function approvalBody(decision: DecisionMessage) {
  const { approval, intentId, tool, tier, digest, message, rules, at, record } = decision;
  return {
    id: approval?.id ?? '',
    state: approvalOutcome(decision),
    agent: decision.agentId,
    intentId,
    tool,
    tier,
    digest,
    message,
    rules,
    at,
    expiresAt: approval?.expiresAt ?? 0,
    quorum: approval?.quorum ?? 1,
    approvers: approval?.approvers ?? [],
    approvedBy: approval?.approvedBy ?? [],
    severity: approval?.severity ?? null,
    record: { partition: record.partition, offset: record.offset },
  };
}
