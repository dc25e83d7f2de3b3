/** What the breaker service found of an agent, and its numbers, as operators see them. */
import { SIGNALS } from '@estop/breaker/domain/finding';
import type { Told } from '@estop/breaker/domain/watch/agent-watch';
import Type from 'typebox';
import { nullable, strict, TimeMs } from '../http/schemas.ts';

const Bounds = strict({ low: Type.Number(), high: Type.Number() });

export const Finding = strict(
  {
    at: TimeMs,
    signal: Type.Union(SIGNALS.map((signal) => Type.Literal(signal))),
    rule: Type.String({ description: 'How it was noticed.' }),
    kind: Type.Union([Type.Literal('statistical'), Type.Literal('deterministic')]),
    tier: nullable(
      Type.String({ description: 'The tool class it was found in; null: all calls.' }),
    ),
    windowMs: Type.Integer(),
    expected: Bounds,
    observed: Type.Number(),
    chance: nullable(
      Type.String({ description: 'How unlikely it is while nothing has changed; null: a rule.' }),
    ),
    sentence: Type.String(),
    calls: Type.Array(strict({ partition: Type.Integer(), offset: Type.Integer() }), {
      description: 'Audit records of the calls that weighed most, at most five.',
    }),
    order: nullable(
      strict({
        mode: Type.Union([Type.Literal('step-up'), Type.Literal('open')]),
        until: TimeMs,
        opens: Type.Integer({ description: 'How often it opened within a day, this one counted.' }),
        proposesKill: Type.Boolean(),
      }),
    ),
    shadow: Type.Boolean({ description: 'It was only said, not ordered.' }),
  },
  { title: 'Finding' },
);

export function findingBody({ finding, order, isShadow }: Told, partition: number) {
  const { evidence: chance, calls, at, signal, rule, kind, tier } = finding;
  const { windowMs, expected, observed, sentence } = finding;
  return {
    ...{ at, signal, rule, kind, tier, windowMs, expected, observed, chance, sentence },
    calls: calls.map((offset) => ({ partition, offset })),
    order,
    shadow: isShadow,
  };
}

const COUNTS = {
  calls: Type.Integer(),
  errors: Type.Integer(),
  denials: Type.Integer(),
  microUsd: Type.Integer({ description: 'In steps of 100, rounded up.' }),
  tokens: Type.Integer(),
};

export const WatchStatistics = strict(
  {
    asOf: TimeMs,
    firstSeen: TimeMs,
    late: Type.Integer({ description: 'Calls that came for a window that was closed.' }),
    waiting: Type.Integer({ description: 'Allowed calls without an outcome so far.' }),
    lastMinuteCalls: Type.Integer(),
    lastHour: strict(COUNTS),
    expected: strict(
      { mean: Type.Number(), high: Type.Number() },
      {
        description: 'Calls of a minute like this one: the mean, and how many still are ordinary.',
      },
    ),
    minutes: Type.Array(strict({ at: TimeMs, ...COUNTS }), {
      description: 'The last 60, oldest first, the open one last.',
    }),
    hours: Type.Array(strict({ at: TimeMs, calls: Type.Integer() }), {
      description: 'The last 168, oldest first, the open one last.',
    }),
  },
  { title: 'WatchStatistics' },
);
