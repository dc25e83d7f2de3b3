/** Stopping and going on: `/v1/halts`. */
import Type from 'typebox';
import { personBehind } from '../auth/principal.ts';
import type { GatewayContext } from '../context.ts';
import { parseDuration } from '../domain/duration.ts';
import { haltBody, scopeOfBody } from '../domain/halt-body.ts';
import { type App, principalOf } from '../http/app.ts';
import { Duration, Halt, HaltMode, IdParams, ReasonText, Scope, strict } from '../http/schemas.ts';
import { invalidField, ProblemError } from '../problems.ts';

const HaltRequest = strict(
  {
    scope: Scope,
    mode: HaltMode,
    reason: Type.Optional(ReasonText),
    for: Type.Optional(Duration),
  },
  { title: 'HaltRequest' },
);

const StateQuery = Type.Optional(
  Type.Union([Type.Literal('live'), Type.Literal('all')], {
    description: 'live (default): in force now. all: the newest word on every scope.',
  }),
);

export function haltRoutes(app: App, context: GatewayContext): void {
  addStop(app, context);
  addRead(app, context);
  addLift(app, context);
}

function addStop(app: App, { haltDesk }: GatewayContext): void {
  app.post(
    '/v1/halts',
    {
      schema: { body: HaltRequest },
      config: {
        access: 'operator',
        doc: {
          operationId: 'halt',
          tag: 'Stopping',
          summary: 'Stop an agent, a group, a tool, or the whole fleet',
          description:
            'In force at this gateway before it is written. 202 instead of 201: the log is away; the halt ' +
            'is in force here and will be written when the log is back.',
          answers: { 201: Halt, 202: Halt },
        },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const scope = scopeOfBody(body.scope);
      if (typeof scope === 'string') throw invalidField('/scope', scope);
      const { halt, at, isWritten } = await haltDesk.stop({
        scope,
        mode: body.mode,
        reason: body.reason ?? null,
        forMs: body.for === undefined ? null : (parseDuration(body.for) ?? null),
        by: personBehind(principalOf(request)).id,
      });
      reply.header('location', `/v1/halts/${halt.haltId}`);
      return reply.code(isWritten ? 201 : 202).send(haltBody(halt, at));
    },
  );
}

function addRead(app: App, { halts }: GatewayContext): void {
  app.get(
    '/v1/halts',
    {
      schema: { querystring: strict({ state: StateQuery }) },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'listHalts',
          tag: 'Stopping',
          summary: 'What is halted',
          answers: { 200: strict({ halts: Type.Array(Halt) }) },
        },
      },
    },
    async (request) => {
      const known = request.query.state === 'all' ? halts.all() : halts.live();
      return { halts: known.map(({ halt, at }) => haltBody(halt, at)) };
    },
  );

  app.get(
    '/v1/halts/:id',
    {
      schema: { params: IdParams },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'readHalt',
          tag: 'Stopping',
          summary: 'One halt',
          description: 'Kept until a newer halt has the same scope; the audit log keeps all.',
          answers: { 200: Halt },
          problems: ['not-found'],
        },
      },
    },
    async (request) => {
      const known = halts.byId(request.params.id);
      if (known !== undefined) return haltBody(known.halt, known.at);
      throw new ProblemError('not-found', `there is no halt ${request.params.id}`);
    },
  );
}

function addLift(app: App, { haltDesk }: GatewayContext): void {
  app.post(
    '/v1/halts/:id/lift',
    {
      schema: { params: IdParams, body: strict({ reason: ReasonText }) },
      config: {
        access: 'operator',
        doc: {
          operationId: 'liftHalt',
          tag: 'Stopping',
          summary: 'End a halt',
          answers: { 200: Halt },
          problems: ['not-found', 'conflict', 'log-unavailable', 'overloaded'],
        },
      },
    },
    async (request) => {
      const by = personBehind(principalOf(request)).id;
      const { reason } = request.body;
      const { halt, at } = await haltDesk.lift(request.params.id, { by, reason });
      return haltBody(halt, at);
    },
  );
}
