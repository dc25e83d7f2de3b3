import { afterEach, describe, expect, it } from 'vitest';
import {
  type Answer,
  type Asked,
  runLine,
  type ScriptedGateway,
  startScripted,
} from './memory-io.ts';

let gateway: ScriptedGateway | undefined;

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

type Answers = Readonly<Record<string, Answer | ((asked: Asked) => Answer)>>;

async function scripted(answers: Answers) {
  gateway = await startScripted(answers);
  return gateway;
}

describe('estop rearm', () => {
  it('closes a breaker and says why', async () => {
    const path = '/v1/agents/billing-bot/breaker/rearm';
    const { env, asked } = await scripted({ [`POST ${path}`]: { json: { mode: 'closed' } } });
    const ran = await runLine(['rearm', 'billing-bot', '--reason', 'fixed'], { env });
    expect(ran).toMatchObject({ exitCode: 0, out: 'closed the breaker of billing-bot\n' });
    expect(JSON.parse(asked[0]?.text ?? '')).toEqual({ reason: 'fixed' });
    expect((await runLine(['rearm', 'billing-bot'], { env })).exitCode).toBe(2);
  });
});

describe('estop trip', () => {
  const path = '/v1/agents/billing-bot/breaker/trip';

  it('opens a breaker for a while, and shows until when', async () => {
    const json = { mode: 'open', until: 61_000, cause: 'tripped', explanation: 'tripped by dana' };
    const { env, asked } = await scripted({ [`POST ${path}`]: { json } });
    const ran = await runLine(['trip', 'billing-bot', '--for', '30s', '--reason', 'odd'], { env });
    expect(ran.out).toBe(
      'billing-bot  open until 1970-01-01 00:01:01Z (tripped): tripped by dana\n',
    );
    expect(JSON.parse(asked[0]?.text ?? '')).toEqual({ mode: 'open', for: '30s', reason: 'odd' });
  });

  it('knows no other mode', async () => {
    const { env } = await scripted({});
    expect((await runLine(['trip', 'billing-bot', '--mode', 'shut'], { env })).exitCode).toBe(2);
  });
});

describe('estop breakers', () => {
  const finding = {
    ...{ at: 0, signal: 'loop', rule: 'same-result', kind: 'deterministic', tier: 'read' },
    ...{ windowMs: 0, expected: { low: 0, high: 3 }, observed: 4, chance: null },
    sentence: 'crm.read was called 4 times in a row',
    calls: [{ partition: 3, offset: 17 }],
    order: { mode: 'open', until: 31_000, opens: 1, proposesKill: false },
    shadow: false,
  };
  const breaker = { mode: 'open', since: 0, until: 31_000, cause: 'tripped', signal: 'loop' };

  it('lists who was noticed, and why', async () => {
    const json = { breakers: [{ id: 'billing-bot', breaker, finding }], alerts: [] };
    const { env } = await scripted({ 'GET /v1/breakers': { json } });
    const { out } = await runLine(['breakers'], { env });
    expect(out).toMatch(/^AGENT +BREAKER +UNTIL +SIGNAL +WHY\nbilling-bot +open +1970/);
    expect(out).toContain('crm.read was called 4 times in a row');
  });

  it('shows of one agent what was found, what it rests on, and the numbers behind it', async () => {
    const counts = { calls: 9, errors: 1, denials: 0, microUsd: 1_500_000, tokens: 20 };
    const statistics = {
      ...{ asOf: 60_000, firstSeen: 0, late: 0, waiting: 1, lastMinuteCalls: 5 },
      lastHour: counts,
      expected: { mean: 2, high: 20 },
      minutes: [
        { at: 0, ...counts, calls: 1 },
        { at: 60_000, ...counts, calls: 8 },
      ],
      hours: [{ at: 0, calls: 9 }],
    };
    const json = { id: 'billing-bot', breaker, finding, statistics };
    const { env } = await scripted({ 'GET /v1/breakers/billing-bot': { json } });
    expect((await runLine(['breakers', 'billing-bot'], { env })).out).toBe(
      `billing-bot  open
breaker   open until 1970-01-01 00:00:31Z (tripped)
found     crm.read was called 4 times in a row
signal    loop (same-result): observed 4, expected 0 to 3; a rule
records   3/17
followed  open
minute    5 calls in the last 60 s; 2 expected, up to 19 ordinary
hour      ▂█  9 calls, 1 errors, 0 denials, $1.50, 20 tokens
week      █
`,
    );
  });
});

describe('estop tail', () => {
  const DENIAL = { at: 0, decision: 'deny', agent: 'a', tool: 't', reason: 'halted' };
  const STREAM = [
    `id: 1\nevent: decision\ndata: ${JSON.stringify(DENIAL)}\n\n`,
    'event: agent\ndata: {"at":0,"id":"a"}\n\n',
    'id: 2\nevent: halt\ndata: {"at":0,"scope":{"fleet":true},"by":"dana"}\n\n',
  ];

  it('shows events as lines for people, and as JSON lines for programs', async () => {
    const { env } = await scripted({
      'GET /v1/stream': { type: 'text/event-stream', text: STREAM.join('') },
    });
    const people = await runLine(['tail', '-n', '2'], { env });
    expect(people.out).toMatch(
      /^00:00:00 {2}deny +a +t +halted\n00:00:00 {2}halted +the fleet by dana\n$/,
    );
    const programs = await runLine(['tail', '-n', '1', '-o', 'json'], { env });
    expect(JSON.parse(programs.out)).toEqual({ stream: { id: '1', type: 'decision' }, ...DENIAL });
  });

  it('tells each turn of a breaker, and alerts', async () => {
    const turns = [
      { mode: 'open', since: 1_000, until: 61_000, cause: 'tripped', explanation: 'a loop' },
      { mode: 'closed', since: 9_000, cause: 'probes-passed', explanation: 'fine', held: true },
    ];
    const alert = { at: 0, kind: 'incident', sentence: '5 of 40 agents opened' };
    const events = [
      ...turns.map((breaker) => ['breaker', { agent: 'a', ...breaker }] as const),
      ['alert', alert] as const,
    ];
    const text = events
      .map(([type, data]) => `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
      .join('');
    const { env } = await scripted({ 'GET /v1/stream': { type: 'text/event-stream', text } });
    expect((await runLine(['tail', '-n', '3'], { env })).out).toMatch(
      /^00:00:01 {2}breaker +a +open until 1970-01-01 00:01:01Z \(tripped\): a loop\n00:00:09.*breaker +a +closed \(probes-passed\): fine; grave calls wait for a re-arm\n.*alert +5 of 40 agents opened\n$/,
    );
  });

  it('goes on after the last event when the stream breaks', async () => {
    let turn = 0;
    const { env, asked } = await scripted({
      'GET /v1/stream': () => {
        turn += 1;
        return { type: 'text/event-stream', text: STREAM[turn === 1 ? 0 : 2] ?? '' };
      },
    });
    expect((await runLine(['tail', '-n', '2'], { env })).exitCode).toBe(0);
    expect(asked[1]?.headers['last-event-id']).toBe('1');
  });

  it('ends with 130 when it is interrupted', async () => {
    const { env } = await scripted({ 'GET /v1/stream': { type: 'text/event-stream', text: '' } });
    const stop = new AbortController();
    const ran = runLine(['tail'], { env, signal: stop.signal });
    stop.abort();
    expect((await ran).exitCode).toBe(130);
  });
});
