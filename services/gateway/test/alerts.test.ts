import { systemClock } from '@estop/runtime/clock';
import type { AgentView } from '@estop/schemas/messages';
import { expect, it } from 'vitest';
import { Alerts } from '../src/read-models/alerts.ts';
import type { FleetState } from '../src/read-models/fleet-state.ts';

const NOW_MS = Date.now();

/** Forty agents of one group, and one of another. */
const agentById: ReadonlyMap<string, { readonly groups: readonly string[] }> = new Map(
  Array.from({ length: 41 }, (_, n) => {
    return [`bot-${n}`, { groups: [n < 40 ? 'crawlers' : 'finance'] }] as const;
  }),
);
const fleet = { active: { agentById }, agent: (id: string) => agentById.get(id) };

function alerts(): Alerts {
  return new Alerts({ ...systemClock, nowMs: () => NOW_MS }, fleet as unknown as FleetState);
}

function view(agent: string, breaker: Partial<NonNullable<AgentView['breaker']>>): AgentView {
  const seat = { mode: 'open', since: NOW_MS, opens: 1, explanation: 'a loop', ...breaker };
  return { subject: agent, at: NOW_MS, breaker: seat } as unknown as AgentView;
}

it('tells of many agents of a group that open within a minute once', () => {
  const told = alerts();
  const found = Array.from({ length: 10 }, (_, n) => told.take(view(`bot-${n}`, {}), undefined));
  expect(found.flat()).toMatchObject([
    {
      kind: 'incident',
      group: 'crawlers',
      sentence: expect.stringContaining('5 of 40 agents of class crawlers opened'),
    },
  ]);
  expect(told.recent).toHaveLength(1);
});

it('takes four agents for agents of their own, and each opening for one', () => {
  const told = alerts();
  for (let n = 0; n < 4; n += 1) {
    const opened = view(`bot-${n}`, {});
    expect(told.take(opened, undefined)).toEqual([]);
    expect(told.take(opened, opened)).toEqual([]);
  }
});

it('proposes a kill once, and not for an agent whose whole group opens', () => {
  const told = alerts();
  const first = view('bot-40', { opens: 3, proposesKill: true });
  expect(told.take(first, undefined)).toMatchObject([
    {
      kind: 'kill-proposed',
      agents: ['bot-40'],
      sentence: 'the breaker of bot-40 opened 3 times within a day: a loop',
    },
  ]);
  expect(told.take(first, first)).toEqual([]);
  for (let n = 0; n < 6; n += 1) told.take(view(`bot-${n}`, {}), undefined);
  expect(told.take(view('bot-7', { proposesKill: true }), undefined)).toEqual([]);
});

it('leaves openings of long ago alone, which come when the topic is read from its start', () => {
  const told = alerts();
  for (let n = 0; n < 10; n += 1) {
    expect(told.take(view(`bot-${n}`, { since: NOW_MS - 3_600_000 }), undefined)).toEqual([]);
  }
});
