/** Breakers, and what was found of whom: `/v1/breakers`. */
import { DEFAULT_CONFIG } from '@estop/breaker/domain/config/breaker-config';
import { statisticsOf } from '@estop/breaker/domain/watch/statistics';
import { partitionOfKey } from '@estop/log/partitioner';
import { type AgentId, agentSubject, parseAgentId } from '@estop/schemas/ids';
import Type from 'typebox';
import type { GatewayContext } from '../context.ts';
import type { App } from '../http/app.ts';
import { IdParams, nullable, strict, TimeMs } from '../http/schemas.ts';
import { ProblemError } from '../problems.ts';
import { agentIdParam } from './agents.ts';
import { Breaker, breakerBody, MODES } from './breaker-body.ts';
import { Finding, findingBody, WatchStatistics } from './finding-body.ts';

/** Breakers in one answer: those that let the least through, and then the newest. */
const LISTED_MAX = 1_000;
const SEVERITY = { open: 0, 'half-open': 1, 'step-up': 2, closed: 3 } as const;

const WATCHED = { id: Type.String(), breaker: Breaker, finding: nullable(Finding) };
const Watched = strict(WATCHED, { title: 'WatchedAgent' });
const WatchedWithNumbers = strict(
  { ...WATCHED, statistics: nullable(WatchStatistics) },
  { title: 'WatchedAgentWithNumbers' },
);

const AlertBody = strict(
  {
    kind: Type.Union([Type.Literal('incident'), Type.Literal('kill-proposed')], {
      description:
        'incident: many agents of a group opened within a minute; kill-proposed: one opened again and again.',
    }),
    at: TimeMs,
    agents: Type.Array(Type.String()),
    group: nullable(Type.String()),
    sentence: Type.String(),
  },
  { title: 'Alert' },
);

const ModeQuery = strict({
  mode: Type.Optional(Type.Union(MODES.map((mode) => Type.Literal(mode)))),
});

export function breakerWatchRoutes(app: App, context: GatewayContext): void {
  app.get(
    '/v1/breakers',
    {
      schema: { querystring: ModeQuery },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'listBreakers',
          tag: 'Stopping',
          summary: 'Breakers that are not closed, agents of whom something was found, and alerts',
          description: `At most ${LISTED_MAX}: those that let the least through first.`,
          answers: {
            200: strict({ breakers: Type.Array(Watched), alerts: Type.Array(AlertBody) }),
          },
        },
      },
    },
    async (request) => {
      const { mode } = request.query;
      const all = [...idsOf(context)].map((agentId) => watchedBody(context, agentId));
      const wanted = all.filter(({ breaker }) => mode === undefined || breaker.mode === mode);
      const breakers = wanted.sort(bySeverity).slice(0, LISTED_MAX);
      return { breakers, alerts: context.alerts.recent };
    },
  );

  app.get(
    '/v1/breakers/:id',
    {
      schema: { params: IdParams },
      config: {
        access: 'viewer',
        doc: {
          operationId: 'readBreaker',
          tag: 'Stopping',
          summary: 'The breaker of an agent, what was found, and the numbers behind it',
          answers: { 200: WatchedWithNumbers },
          problems: ['not-found'],
        },
      },
    },
    async (request) => {
      const agentId = agentIdParam(request.params.id);
      const { agents, fleet, breakers } = context;
      const isKnown = fleet.agent(agentId) ?? agents.view(agentSubject(agentId));
      if (isKnown === undefined)
        throw new ProblemError('not-found', `there is no agent ${agentId}`);
      const watch = await breakers.watchOf(agentId);
      const config = fleet.active?.watchRules.of(agentId).config ?? DEFAULT_CONFIG;
      const statistics = watch === undefined ? null : statisticsOf(watch.state, config);
      return { ...watchedBody(context, agentId), statistics };
    },
  );
}

function idsOf({ agents, breakers }: GatewayContext): ReadonlySet<AgentId> {
  const ids = new Set<AgentId>(breakers.found());
  for (const { subject, breaker } of agents.views()) {
    const agentId = parseAgentId(subject);
    if (agentId !== undefined && (breaker?.mode ?? 'closed') !== 'closed') ids.add(agentId);
  }
  return ids;
}

function watchedBody({ agents, breakers, log }: GatewayContext, agentId: AgentId) {
  const told = breakers.toldOf(agentId);
  const partition = partitionOfKey(agentId, log.partitions);
  return {
    id: agentId,
    breaker: breakerBody(agents.view(agentSubject(agentId))),
    finding: told === null ? null : findingBody(told, partition),
  };
}

type WatchedBody = ReturnType<typeof watchedBody>;

function bySeverity(one: WatchedBody, other: WatchedBody): number {
  const bySeat = SEVERITY[one.breaker.mode] - SEVERITY[other.breaker.mode];
  return bySeat === 0 ? newestOf(other) - newestOf(one) : bySeat;
}

function newestOf({ breaker, finding }: WatchedBody): number {
  return Math.max(breaker.since ?? 0, finding?.at ?? 0);
}
