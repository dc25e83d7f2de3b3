/** Where tools are: the control stream of enforcement points, and what they confirm. */
import { randomUUID } from 'node:crypto';
import { type AgentId, agentSubject } from '@estop/schemas/ids';
import Type from 'typebox';
import { actingAgent, type Principal } from '../auth/principal.ts';
import type { Limits } from '../config.ts';
import type { GatewayContext } from '../context.ts';
import { LEASE_MS } from '../enforcement/point.ts';
import { PointStream, RENEW_MS } from '../enforcement/point-stream.ts';
import type { Connected, PointOwner } from '../enforcement/points.ts';
import { type App, principalOf } from '../http/app.ts';
import { AgentQuery, PointName, strict } from '../http/schemas.ts';
import { ProblemError } from '../problems.ts';
import { breakerBody } from './breaker-body.ts';

const SSE = 'text/event-stream';

const Renewal = strict(
  {
    epoch: Type.Integer({ minimum: 0, description: 'The highest epoch that is applied.' }),
    at: Type.Number({ description: "The point's own clock, given back in the answer." }),
    sequence: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'The number of the last event applied: more exact than the epoch.',
      }),
    ),
    point: Type.Optional(PointName),
  },
  { title: 'Renewal' },
);

const Lease = strict(
  {
    epoch: Type.Integer({ description: 'The highest epoch that is known here.' }),
    at: Type.Number(),
    leaseMs: Type.Integer({
      description: 'Act for so long, counted from before the request was sent; 0: not at all.',
    }),
    now: Type.Integer({ description: 'What time it is here, ms: permits count by it.' }),
  },
  { title: 'Lease' },
);

const KeySet = strict(
  {
    keys: Type.Array(
      strict({
        kty: Type.String(),
        crv: Type.String(),
        x: Type.String(),
        kid: Type.String(),
        alg: Type.String(),
        use: Type.String(),
      }),
    ),
  },
  { title: 'KeySet', description: 'RFC 7517.' },
);

export function enforcementRoutes(app: App, context: GatewayContext): void {
  addStream(app, context);
  addAcks(app, context);
  addKeys(app, context);
}

function addStream(
  app: App,
  { points, halts, config, fleet, agents, clock }: GatewayContext,
): void {
  app.get(
    '/v1/enforcement/stream',
    {
      schema: { querystring: strict({ point: Type.Optional(PointName), agent: AgentQuery }) },
      config: {
        access: 'agent',
        doc: {
          operationId: 'streamControl',
          tag: 'Enforcement',
          summary:
            'Server-sent events for enforcement points: `hello`, `halt`, `breaker`, `heartbeat`',
          description:
            '`hello` says whose calls run there, and lists all live halts, and those that ended a moment ago, for they void permits; ' +
            '`breaker` tells that the breaker of that agent is another now; ' +
            '`halt` is each new word on a scope, to be applied and then confirmed ' +
            `by an ack at once. A heartbeat comes each ${RENEW_MS} ms. A point that comes back under its name ` +
            'takes the place of its earlier connection.',
          answers: { 200: SSE },
          problems: ['conflict', 'too-many-streams'],
        },
      },
    },
    (request, reply) => {
      const principal = principalOf(request);
      const agentId = agentAt(principal, request.query.agent);
      const point = request.query.point ?? `p-${randomUUID()}`;
      const stream = new PointStream(reply.raw, () => {
        return { epoch: halts.highestEpoch, now: clock.nowMs() };
      });
      const owner = ownerOf(principal, agentId, config.limits);
      const connected = points.connect(point, owner, stream);
      if (!connected.ok) throw refusedPoint(connected.why, { point, owner, limits: config.limits });
      reply.hijack();
      reply.raw.writeHead(200, {
        'content-type': SSE,
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      const groups = agentId === null ? null : (fleet.agent(agentId)?.groups ?? []);
      const view = agentId === null ? undefined : agents.view(agentSubject(agentId));
      const breaker = agentId === null ? null : breakerBody(view);
      const hello = { ...connected, agentId, groups, breaker };
      stream.start(point, hello, () => points.disconnect(point, stream));
    },
  );
}

function addAcks(app: App, { points, halts, feeds, clock }: GatewayContext): void {
  app.post(
    '/v1/enforcement/acks',
    {
      schema: { body: Renewal },
      config: {
        access: 'agent',
        doc: {
          operationId: 'renewLease',
          tag: 'Enforcement',
          summary: 'Confirm what is applied, and go on acting',
          description:
            `Each ${RENEW_MS} ms, and at once after a halt. A lease is over ${LEASE_MS} ms after the gateway itself ` +
            'knew of every halt. Who has not applied everything it was told, or asks a gateway that has heard nothing ' +
            'for so long, gets none, and refuses everything above `read` when the last one is over.',
          answers: { 200: Lease },
          problems: ['conflict'],
        },
      },
    },
    async (request) => {
      const { epoch, at, sequence = null, point = null } = request.body;
      const principal = nameOf(principalOf(request));
      const renewed = points.renew(principal, point, { epoch, sequence });
      if (!renewed.ok) throw new ProblemError('conflict', WHY[renewed.why]);
      // What this gateway has not heard, the point has not either: the lease counts from then.
      const leftMs = LEASE_MS - Math.ceil(feeds.haltsSilentMs);
      const leaseMs = renewed.isCurrent ? Math.max(0, leftMs) : 0;
      return { epoch: halts.highestEpoch, at, leaseMs, now: clock.nowMs() };
    },
  );
}

function addKeys(app: App, { permitKeys, clock }: GatewayContext): void {
  app.get(
    '/v1/enforcement/keys',
    {
      config: {
        access: 'public',
        doc: {
          operationId: 'permitKeys',
          tag: 'Enforcement',
          summary: 'The keys that sign permits, as a JWK set',
          description:
            'There is a new one each day; those of yesterday and tomorrow stand beside it.',
          answers: { 200: KeySet },
        },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', `public, max-age=${KEYS_AGE_S}`);
      return permitKeys.published(clock.nowMs());
    },
  );
}

const KEYS_AGE_S = 300;

const WHY = {
  'no-stream': 'open `/v1/enforcement/stream` first: who hears of no halts gets no lease',
  'several-points': 'several points use this credential: say which by `point`',
} as const;

/** Whose calls run at a point; null: an operator's key that names nobody. */
function agentAt(principal: Principal, named: string | undefined): AgentId | null {
  if (principal.kind === 'person' && named === undefined) return null;
  return actingAgent(principal, { query: named });
}

function ownerOf(principal: Principal, agentId: AgentId | null, limits: Limits): PointOwner {
  const pointsMax = principal.kind === 'agent' ? limits.pointsPerAgent : limits.pointsPerPerson;
  return { principal: nameOf(principal), agentId, pointsMax };
}

function refusedPoint(
  why: Exclude<Connected, { readonly ok: true }>['why'],
  about: { readonly point: string; readonly owner: PointOwner; readonly limits: Limits },
): ProblemError {
  const { point, owner, limits } = about;
  switch (why) {
    case 'name-taken':
      return new ProblemError('conflict', `another credential uses the name ${point}`);
    case 'too-many-own': {
      const detail = `${owner.principal} has ${owner.pointsMax} points, and may have no more`;
      return new ProblemError('too-many-streams', detail);
    }
    case 'too-many':
      return new ProblemError('too-many-streams', `${limits.points} points are connected`);
  }
}

function nameOf(principal: Principal): string {
  return principal.kind === 'agent'
    ? `agent:${principal.agentId}`
    : `person:${principal.person.id}`;
}
