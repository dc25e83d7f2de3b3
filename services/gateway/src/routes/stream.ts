/** What happens, as it happens: `/v1/stream`; and how far readers are behind: `/v1/lag`. */
import { messageOf } from '@estop/schemas/errors';
import Type from 'typebox';
import type { GatewayContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { strict, Verdict } from '../http/schemas.ts';
import { lagOf } from '../lag.ts';
import { invalidField, ProblemError } from '../problems.ts';
import { StreamClient } from '../stream/stream-client.ts';
import { EVENT_TYPES, type EventType } from '../stream/stream-event.ts';

const SSE = 'text/event-stream';
const Text = Type.Optional(Type.String({ minLength: 1, maxLength: 254 }));

const Filters = strict({
  agent: Text,
  tool: Text,
  session: Text,
  decision: Type.Optional(Verdict),
  type: Type.Optional(
    Type.String({ maxLength: 100, description: `With commas between: ${EVENT_TYPES.join(', ')}` }),
  ),
});

export function streamRoutes(app: App, context: GatewayContext): void {
  addStream(app, context);
  addLag(app, context);
}

function addStream(app: App, context: GatewayContext): void {
  const { hub, config, counts, log, feeds, logger } = context;
  const { limits } = config;
  app.get(
    '/v1/stream',
    {
      schema: { querystring: Filters },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'streamEvents',
          tag: 'Observing',
          summary: 'Server-sent events: decisions, halts, approvals, agents, fleets',
          description:
            'Resumes after `Last-Event-ID`. An event `gap` says that too much was missed: read the state anew. ' +
            'A reader that is too slow is dropped and may resume.',
          answers: { 200: SSE },
          problems: ['too-many-streams'],
        },
      },
    },
    (request, reply) => {
      if (hub.clientCount >= limits.streams) {
        throw new ProblemError('too-many-streams', `${limits.streams} streams are open`);
      }
      const { agent = null, tool = null, session = null, decision = null, type } = request.query;
      const types = type === undefined ? null : typesOf(type);
      const lastEventId = request.headers['last-event-id'];
      reply.hijack();
      const response = reply.raw;
      response.writeHead(200, {
        'content-type': SSE,
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      const client = new StreamClient({
        log,
        feeds,
        hub,
        response,
        filter: { types, agent, tool, session, decision },
        bufferBytesMax: limits.streamBufferBytes,
        heartbeatMs: limits.heartbeatMs,
        onDropped: () => counts.streamsDropped.inc(),
      });
      client.run(typeof lastEventId === 'string' ? lastEventId : null).catch((error: unknown) => {
        logger.warn({ error: messageOf(error) }, 'an event stream broke');
        client.close();
      });
    },
  );
}

function addLag(app: App, context: GatewayContext): void {
  const Lag = strict(
    {
      group: Type.String(),
      topic: Type.String(),
      partition: Type.Integer(),
      records: Type.Integer(),
      seconds: Type.Number({ description: 'Age of the oldest record that was not read.' }),
      status: Type.Union([Type.Literal('ok'), Type.Literal('behind')]),
    },
    { title: 'Lag' },
  );
  app.get(
    '/v1/lag',
    {
      config: {
        access: 'viewer',
        doc: {
          operationId: 'readLag',
          tag: 'Observing',
          summary: 'How far each reader is behind, per group, topic and partition',
          answers: { 200: strict({ lag: Type.Array(Lag) }) },
          problems: ['log-unavailable'],
        },
      },
    },
    async () => ({ lag: await lagOf(context) }),
  );
}

function typesOf(text: string): ReadonlySet<EventType> {
  const types = text.split(',').map((word) => EVENT_TYPES.find((type) => type === word.trim()));
  const known = types.filter((type) => type !== undefined);
  if (known.length === types.length) return new Set(known);
  throw invalidField('?type', `is one or more of ${EVENT_TYPES.join(', ')}`);
}
