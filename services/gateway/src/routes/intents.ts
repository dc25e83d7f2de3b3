/** Agents ask, look again, and report: `/v1/intents`. */
import { partitionOfKey } from '@estop/log/partitioner';
import type { FastifyReply } from 'fastify';
import { actingAgent, mayAct, type Principal, personBehind } from '../auth/principal.ts';
import type { GatewayContext } from '../context.ts';
import { type App, principalOf, sendProblem } from '../http/app.ts';
import { problemOf } from '../http/errors.ts';
import { traceHeaders, waitMsOf } from '../http/request-parts.ts';
import {
  AgentQuery,
  Decision,
  IdParams,
  IntentBody,
  OutcomeBody,
  strict,
  WaitQuery,
} from '../http/schemas.ts';
import { intentId, reportedOutcome, statedIntent } from '../intents/intent-record.ts';
import type { DecisionCallback } from '../intents/proposer.ts';
import { ProblemError } from '../problems.ts';

const DECISION_PROBLEMS = [
  'intent-conflict',
  'not-decided',
  'halts-unknown',
  'log-unavailable',
  'overloaded',
] as const;

export function intentRoutes(app: App, context: GatewayContext): void {
  addPropose(app, context);
  addRead(app, context);
  addOutcome(app, context);
}

/** Who stands in for the agent; null: the agent itself. */
export function proposerOf(principal: Principal) {
  return principal.kind === 'agent' ? null : personBehind(principal).id;
}

function addPropose(app: App, context: GatewayContext): void {
  app.post(
    '/v1/intents',
    {
      schema: { body: IntentBody, querystring: strict({ wait: WaitQuery, agent: AgentQuery }) },
      config: {
        access: 'agent',
        doc: {
          operationId: 'proposeIntent',
          tag: 'Agents',
          summary: 'Ask whether a call may be made',
          description:
            'A decision is 200 whatever it says. `id` is the idempotency key: the same intent again gets ' +
            'the same decision. Not decided within 2 s is 503: treat it as no, ask again with the same id.',
          answers: { 200: Decision },
          problems: [...DECISION_PROBLEMS, 'too-many-pending'],
        },
      },
    },
    (request, reply) => {
      const principal = principalOf(request);
      const { body, query } = request;
      const agentId = actingAgent(principal, { body: body.agent, query: query.agent });
      const stated = statedIntent(body, agentId, proposerOf(principal));
      const options = { headers: traceHeaders(request), waitMs: waitMsOf(query.wait) };
      context.proposer.propose(stated, options, answerWith(context, reply, principal));
    },
  );
}

function addRead(app: App, context: GatewayContext): void {
  const { decisions, proposer, lookup } = context;
  app.get(
    '/v1/intents/:id',
    {
      schema: { params: IdParams, querystring: strict({ wait: WaitQuery, agent: AgentQuery }) },
      config: {
        access: 'agent-or-viewer',
        doc: {
          operationId: 'readIntent',
          tag: 'Agents',
          summary: 'The decision on an intent as it is now',
          description: 'With `wait`, returns early when the decision is final.',
          answers: { 200: Decision },
          problems: ['not-found', ...DECISION_PROBLEMS],
        },
      },
    },
    (request, reply) => {
      const { agent, wait } = request.query;
      const principal = principalOf(request);
      const agentId = actingAgent(principal, { query: agent });
      const id = intentId(request.params.id, ':id');
      const waitMs = waitMsOf(wait);
      const done = answerWith(context, reply, principal);
      const known = decisions.get(agentId, id);
      if (known !== undefined) return proposer.answerOrWait(known, waitMs, done);
      if (decisions.isAwaited(agentId, id)) {
        return proposer.awaitPending({ agentId, intentId: id }, waitMs, done);
      }
      lookup.find(agentId, id).then(
        (found) => {
          if (found !== undefined) return proposer.answerOrWait(found, waitMs, done);
          done(new ProblemError('not-found', `no decision on ${id} of ${agentId} is kept`), null);
        },
        (error: unknown) => done(problemOf(error), null),
      );
    },
  );
}

function addOutcome(app: App, context: GatewayContext): void {
  const { log } = context;
  app.post(
    '/v1/intents/:id/outcome',
    {
      schema: { params: IdParams, body: OutcomeBody, querystring: strict({ agent: AgentQuery }) },
      config: {
        access: 'agent',
        doc: {
          operationId: 'reportOutcome',
          tag: 'Agents',
          summary: 'Report what became of an allowed intent',
          description: 'Settles what is held on the budgets. Without a report it counts as spent.',
          answers: { 204: null },
          problems: ['log-unavailable', 'overloaded'],
        },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { body, query, params } = request;
      const agentId = actingAgent(principal, { body: body.agent, query: query.agent });
      const outcome = reportedOutcome(body, {
        agentId,
        intentId: intentId(params.id, ':id'),
        reportedBy: proposerOf(principal) ?? agentId,
      });
      await log.publish('outcomes.v1', partitionOfKey(agentId, log.partitions), {
        key: agentId,
        value: log.codec('outcomes.v1').encode(outcome),
        headers: traceHeaders(request),
      });
      return reply.code(204).send();
    },
  );
}

function answerWith(
  context: GatewayContext,
  reply: FastifyReply,
  principal: Principal,
): DecisionCallback {
  const { counts, permits } = context;
  const refuse = (problem: ProblemError): void => {
    counts.undecided(problem.code);
    sendProblem(reply, problem);
  };
  return (problem, decision) => {
    if (decision === null) {
      return refuse(problem ?? new ProblemError('internal', 'there is no decision'));
    }
    counts.decided(decision, reply.elapsedTime / 1_000);
    permits.bodyOf(decision, mayAct(principal)).then(
      (body) => reply.send(body),
      (error: unknown) => refuse(problemOf(error)),
    );
  };
}
