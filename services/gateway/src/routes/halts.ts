/** Stopping and going on: `/v1/halts`. */
import Type from 'typebox';
import { personBehind } from '../auth/principal.ts';
import type { GatewayContext } from '../context.ts';
import { DURATION_PATTERN, parseDuration } from '../domain/duration.ts';
import { haltBody, scopeOfBody } from '../domain/halt-body.ts';
import { reportedHalt } from '../enforcement/reported-halt.ts';
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

const ConfirmWait = Type.Optional(
  Type.String({
    pattern: DURATION_PATTERN,
    description:
      'How long to wait until every enforcement point has confirmed or is fenced; at most 60s.',
  }),
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

function addStop(app: App, context: GatewayContext): void {
  const { haltDesk, points, closing, config } = context;
  app.post(
    '/v1/halts',
    {
      schema: { body: HaltRequest, querystring: strict({ wait: ConfirmWait }) },
      config: {
        access: 'operator',
        doc: {
          operationId: 'halt',
          tag: 'Stopping',
          summary: 'Stop an agent, a group, a tool, or the whole fleet',
          description:
            'In force at this gateway, and told to its enforcement points, before it is written. 202 instead of ' +
            '201: the log is away; the halt is in force here and will be written when the log is back. ' +
            'On a scope that is halted already the stricter mode and the later end stay. ' +
            '`wait`: answer when every point has confirmed or its lease is over, or after so long.',
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
      const waitMs = Math.min(parseDuration(request.query.wait ?? '') ?? 0, config.limits.waitMs);
      if (waitMs > 0) await points.untilSettled(halt, waitMs, closing.signal);
      reply.header('location', `/v1/halts/${halt.haltId}`);
      return reply.code(isWritten ? 201 : 202).send(reportedHalt(points, { halt, at }));
    },
  );
}

function addRead(app: App, context: GatewayContext): void {
  const { halts, points } = context;
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
      return { halts: known.map((one) => reportedHalt(points, one)) };
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
      if (known !== undefined) return reportedHalt(points, known);
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
          description: 'One of mode `kill` is lifted by somebody else than who said it.',
          answers: { 200: Halt },
          problems: ['not-found', 'conflict', 'second-person', 'log-unavailable', 'overloaded'],
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
