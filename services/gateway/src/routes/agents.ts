/** The agents of the fleet, and orders about them: `/v1/agents`. */

import type { FleetAgent } from '@estop/policy/domain/fleet';
import { type AgentId, agentSubject, parseAgentId, parseSubject } from '@estop/schemas/ids';
import type { AgentView } from '@estop/schemas/messages';
import Type from 'typebox';
import { personBehind } from '../auth/principal.ts';
import { ORDER_PROBLEMS } from '../commands.ts';
import type { GatewayContext } from '../context.ts';
import { haltBody } from '../domain/halt-body.ts';
import { type App, principalOf } from '../http/app.ts';
import { emptyBodyIsObject } from '../http/request-parts.ts';
import { Halt, IdParams, nullable, ReasonText, strict, TimeMs } from '../http/schemas.ts';
import { ProblemError } from '../problems.ts';
import {
  Budget,
  ownBudgetBody,
  ownRateBody,
  Rate,
  sharedBudgetBody,
  sharedRateBody,
} from './limit-body.ts';

const Breaker = strict(
  {
    state: Type.Union(
      [
        Type.Literal('closed'),
        Type.Literal('step-up'),
        Type.Literal('open'),
        Type.Literal('half-open'),
      ],
      {
        description:
          'closed lets through; step-up asks a person above `read`; open denies; half-open tries a few reads.',
      },
    ),
    since: nullable(TimeMs),
    until: nullable(TimeMs),
    cause: nullable(Type.String()),
    signal: nullable(Type.String()),
    explanation: nullable(Type.String()),
  },
  { title: 'Breaker' },
);

const Agent = strict(
  {
    id: Type.String(),
    inFleet: Type.Boolean({
      description: 'false: not in the active fleet; all it asks is denied.',
    }),
    owner: nullable(Type.String()),
    groups: Type.Array(Type.String()),
    attributes: Type.Record(Type.String(), Type.Unknown()),
    suspended: Type.Boolean(),
    breaker: Breaker,
    halts: Type.Array(Halt),
    allowed: Type.Integer(),
    denied: Type.Integer(),
    budgets: Type.Array(Budget),
    rates: Type.Array(Rate),
    pending: Type.Array(
      strict({
        intentId: Type.String(),
        tool: Type.String(),
        approvalId: nullable(Type.String()),
        expiresAt: nullable(TimeMs),
      }),
    ),
    lastActions: Type.Array(Type.Unknown()),
    credentials: Type.Array(strict({ id: Type.String(), kind: Type.String(), issuedAt: TimeMs })),
  },
  { title: 'Agent' },
);

const Suspension = strict({ id: Type.String(), suspended: Type.Boolean() });

export function agentRoutes(app: App, context: GatewayContext): void {
  addRead(app, context);
  for (const verb of ['suspend', 'resume'] as const) addSuspension(app, context, verb);
  addRearm(app, context);
}

/** Throws ProblemError `not-found` for text that is no agent id. */
export function agentIdParam(text: string): AgentId {
  const agentId = parseAgentId(text);
  if (agentId === undefined) throw new ProblemError('not-found', 'there is no such agent');
  return agentId;
}

function addRead(app: App, context: GatewayContext): void {
  const { agents, fleet } = context;
  app.get(
    '/v1/agents',
    {
      config: {
        access: 'viewer',
        doc: {
          operationId: 'listAgents',
          tag: 'Operators',
          summary: 'Every agent of the fleet, and every other that was heard of',
          answers: { 200: strict({ agents: Type.Array(Agent) }) },
        },
      },
    },
    async () => {
      const ids = new Set<string>(fleet.active?.agentById.keys() ?? []);
      for (const { subject } of agents.views()) {
        if (parseSubject(subject)?.kind === 'agent') ids.add(subject);
      }
      const known = [...ids].sort().map((id) => agentBody(context, agentIdParam(id)));
      return { agents: known };
    },
  );

  app.get(
    '/v1/agents/:id',
    {
      schema: { params: IdParams },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'readAgent',
          tag: 'Operators',
          summary: 'One agent: limits used, halts, last actions',
          answers: { 200: Agent },
          problems: ['not-found'],
        },
      },
    },
    async (request) => {
      const agentId = agentIdParam(request.params.id);
      const isKnown = fleet.agent(agentId) ?? agents.view(agentSubject(agentId));
      if (isKnown !== undefined) return agentBody(context, agentId);
      throw new ProblemError('not-found', `there is no agent ${agentId}`);
    },
  );
}

function addSuspension(app: App, context: GatewayContext, verb: 'suspend' | 'resume'): void {
  const isSuspend = verb === 'suspend';
  app.route({
    method: ['POST', 'PUT'],
    url: `/v1/agents/:id/${verb}`,
    preValidation: emptyBodyIsObject,
    schema: { params: IdParams, body: strict({ reason: Type.Optional(ReasonText) }) },
    config: {
      access: 'operator',
      doc: {
        operationId: `${verb}Agent`,
        tag: 'Stopping',
        summary: isSuspend ? 'Deny everything an agent asks' : 'End a suspension',
        answers: { 200: Suspension },
        problems: ORDER_PROBLEMS,
      },
    },
    handler: async (request) => {
      const { view } = await context.commander.order({
        subject: agentSubject(agentIdParam(request.params.id)),
        by: personBehind(principalOf(request)).id,
        reason: request.body.reason ?? null,
        body: { type: isSuspend ? 'Suspend' : 'Resume' },
      });
      return { id: view.subject, suspended: view.suspended };
    },
  });
}

function addRearm(app: App, { commander }: GatewayContext): void {
  app.post(
    '/v1/agents/:id/breaker/rearm',
    {
      schema: { params: IdParams, body: strict({ reason: ReasonText }) },
      config: {
        access: 'operator',
        doc: {
          operationId: 'rearmBreaker',
          tag: 'Stopping',
          summary: 'Close the breaker of an agent, without its probes',
          answers: { 200: strict({ id: Type.String(), breaker: Breaker }) },
          problems: ORDER_PROBLEMS,
        },
      },
    },
    async (request) => {
      const { view } = await commander.order({
        subject: agentSubject(agentIdParam(request.params.id)),
        by: personBehind(principalOf(request)).id,
        reason: request.body.reason,
        body: { type: 'RearmBreaker' },
      });
      return { id: view.subject, breaker: breakerBody(view) };
    },
  );
}

/** An agent that was never tripped has a closed one. */
function breakerBody(view: AgentView | undefined) {
  const { mode, since, until, cause, signal, explanation } = view?.breaker ?? NEVER_TRIPPED;
  return { state: mode, since, until, cause, signal, explanation };
}

const NEVER_TRIPPED = {
  ...{ mode: 'closed', since: null, until: null, cause: null, signal: null, explanation: null },
} as const;

function limitBodies(
  { sharedLimits }: GatewayContext,
  agent: FleetAgent | undefined,
  view: AgentView | undefined,
) {
  const budgets = agent === undefined ? [] : sharedLimits.budgets(agent);
  const rates = agent === undefined ? [] : sharedLimits.rates(agent);
  return {
    budgets: [
      ...(view?.budgets ?? []).map(ownBudgetBody),
      ...budgets.map((budget) => sharedBudgetBody(sharedLimits, budget)),
    ],
    rates: [
      ...(view?.rates ?? []).map(ownRateBody),
      ...rates.map((rate) => sharedRateBody(sharedLimits, rate)),
    ],
  };
}

function agentBody(context: GatewayContext, agentId: AgentId) {
  const { agents, fleet, halts } = context;
  const inFleet = fleet.agent(agentId);
  const view = agents.view(agentSubject(agentId));
  return {
    id: agentId,
    inFleet: inFleet !== undefined,
    owner: inFleet?.owner ?? null,
    groups: inFleet?.groups ?? [],
    attributes: inFleet?.attributes ?? {},
    suspended: view?.suspended ?? false,
    breaker: breakerBody(view),
    halts: halts.ofAgent(agentId).map(({ halt, at }) => haltBody(halt, at)),
    allowed: view?.allowed ?? 0,
    denied: view?.denied ?? 0,
    ...limitBodies(context, inFleet, view),
    pending: view?.pending.map(pendingBody) ?? [],
    lastActions: view?.lastActions ?? [],
    credentials: view?.credentials.map(credentialBody) ?? [],
  };
}

function pendingBody({ decision }: AgentView['pending'][number]) {
  const { intentId, tool, approval, expiresAt } = decision;
  return { intentId, tool, approvalId: approval?.id ?? null, expiresAt };
}

/** Never the hash: it proves nothing, but it is nobody's business. */
function credentialBody({ credentialId, kind, issuedAt }: AgentView['credentials'][number]) {
  return { id: credentialId, kind, issuedAt };
}
