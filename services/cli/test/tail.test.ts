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

  it('tells each turn of a breaker once', async () => {
    const turns = [
      { mode: 'closed', since: null },
      { mode: 'open', since: 1_000, until: 61_000, cause: 'tripped', explanation: 'a loop' },
      { mode: 'open', since: 1_000, until: 61_000, cause: 'tripped', explanation: 'a loop' },
      { mode: 'closed', since: 9_000, cause: 'rearmed', explanation: 're-armed by dana: fixed' },
    ];
    const text = turns
      .map((breaker) => `event: agent\ndata: ${JSON.stringify({ at: 0, id: 'a', breaker })}\n\n`)
      .join('');
    const { env } = await scripted({ 'GET /v1/stream': { type: 'text/event-stream', text } });
    expect((await runLine(['tail', '-n', '2'], { env })).out).toMatch(
      /breaker +a +open until 1970-01-01 00:01:01Z \(tripped\): a loop\n.*breaker +a +closed \(rearmed\): re-armed by dana: fixed\n$/,
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
