/** Orders about breakers: `/v1/agents/{id}/breaker`. */
import { agentSubject } from '@estop/schemas/ids';
import { personBehind } from '../auth/principal.ts';
import { ORDER_PROBLEMS } from '../commands.ts';
import type { GatewayContext } from '../context.ts';
import { type App, principalOf } from '../http/app.ts';
import { IdParams, ReasonText, strict } from '../http/schemas.ts';
import { agentIdParam } from './agents.ts';
import { Breaker, breakerBody } from './breaker-body.ts';

export function breakerRoutes(app: App, context: GatewayContext): void {
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
