/** Orders about breakers: `/v1/agents/{id}/breaker`. */
import { agentSubject } from '@estop/schemas/ids';
import Type from 'typebox';
import { personBehind } from '../auth/principal.ts';
import { ORDER_PROBLEMS } from '../commands.ts';
import type { GatewayContext } from '../context.ts';
import { parseDuration } from '../domain/duration.ts';
import { type App, principalOf } from '../http/app.ts';
import { emptyBodyIsObject } from '../http/request-parts.ts';
import { Duration, IdParams, ReasonText, strict } from '../http/schemas.ts';
import { agentIdParam } from './agents.ts';
import { Breaker, breakerBody } from './breaker-body.ts';

const TRIP_SIGNAL = 'person';

export function breakerRoutes(app: App, context: GatewayContext): void {
  addRearm(app, context);
  addTrip(app, context);
}

function addTrip(app: App, { commander, clock }: GatewayContext): void {
  const mode = Type.Union([Type.Literal('open'), Type.Literal('step-up')], {
    description: 'Default: open.',
  });
  const fields = { mode: Type.Optional(mode), for: Type.Optional(Duration) };
  app.post(
    '/v1/agents/:id/breaker/trip',
    {
      preValidation: emptyBodyIsObject,
      schema: {
        params: IdParams,
        body: strict({ ...fields, reason: Type.Optional(ReasonText) }),
      },
      config: {
        access: 'operator',
        doc: {
          operationId: 'tripBreaker',
          tag: 'Stopping',
          summary: 'Open the breaker of an agent, or have a person asked for each of its writes',
          description:
            'Without `for` it stays so until a person re-arms it; else an open one is tried with five reads then.',
          answers: { 200: Breaker },
          problems: ORDER_PROBLEMS,
        },
      },
    },
    async (request) => {
      const { mode = 'open', for: span, reason = null } = request.body;
      const { id: by } = personBehind(principalOf(request));
      const forMs = span === undefined ? undefined : parseDuration(span);
      const until = forMs === undefined ? null : clock.nowMs() + forMs;
      const explanation = `tripped by ${by}${reason === null ? '' : `: ${reason}`}`;
      const why = { signal: TRIP_SIGNAL, explanation, evidence: null, proposesKill: false };
      const { view } = await commander.order({
        subject: agentSubject(agentIdParam(request.params.id)),
        by,
        reason,
        body: { type: 'TripBreaker', mode, until, ...why },
      });
      return breakerBody(view);
    },
  );
}

function addRearm(app: App, context: GatewayContext): void {
  app.post(
    '/v1/agents/:id/breaker/rearm',
    {
      schema: { params: IdParams, body: strict({ reason: ReasonText }) },
      config: {
        access: 'operator',
        doc: {
          operationId: 'rearmBreaker',
          tag: 'Stopping',
          summary: 'Close the breaker of an agent, whatever it is now',
          description: 'Also forgets how often it opened, and kills that are over.',
          answers: { 200: Breaker },
          problems: ORDER_PROBLEMS,
        },
      },
    },
    async (request) => {
      const { view } = await context.commander.order({
        subject: agentSubject(agentIdParam(request.params.id)),
        by: personBehind(principalOf(request)).id,
        reason: request.body.reason,
        body: { type: 'RearmBreaker' },
      });
      return breakerBody(view);
    },
  );
}
