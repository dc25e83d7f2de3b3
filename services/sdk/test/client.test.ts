import { afterEach, describe, expect, it } from 'vitest';
import { connect, RequestError } from '../src/main.ts';
import {
  type Answer,
  type Asked,
  allowOf,
  denyOf,
  pendOf,
  type ScriptedServer,
  startScripted,
} from './scripted-server.ts';

let server: ScriptedServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function scripted(answer: (asked: Asked, index: number) => Answer) {
  server = await startScripted(answer);
  const client = connect({ url: server.url, key: 'estop_abc_secret', timeoutMs: 3_000 });
  return { client, asked: server.asked };
}

const CALL = { id: 'i1', tool: 'crm.read', arguments: { id: 7 } };

describe('propose', () => {
  it('sends the intent with the key and answers the decision with its fields', async () => {
    const { client, asked } = await scripted((one) => allowOf(one.body['id']));
    const decision = await client.propose({ ...CALL, reason: 'asked to', session: 's1' });
    expect(decision).toMatchObject({
      decision: 'allow',
      reason: 'permitted',
      intentId: 'i1',
      rules: ['rule-1'],
      record: { partition: 1, offset: 7 },
      limits: [{ id: 'spend', unit: 'microUsd', remaining: 5 }],
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      method: 'POST',
      url: '/v1/intents',
      authorization: 'Bearer estop_abc_secret',
      body: { ...CALL, reason: 'asked to', session: 's1' },
    });
  });

  it('makes up an id when none is given', async () => {
    const { client, asked } = await scripted((one) => denyOf(one.body['id']));
    const decision = await client.propose({ tool: 'crm.read', arguments: {} });
    expect(decision.decision).toBe('deny');
    expect(asked[0]?.body['id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('asks again with the same id after a 503, a 429 and a broken connection', async () => {
    const answers: Answer[] = [
      { status: 503, headers: { 'retry-after': '0' } },
      { status: 429 },
      'hang-up',
    ];
    const { client, asked } = await scripted(
      (one, index) => answers[index] ?? allowOf(one.body['id']),
    );
    const decision = await client.propose({ tool: 'crm.read', arguments: {} });
    expect(decision.decision).toBe('allow');
    expect(asked).toHaveLength(4);
    expect(new Set(asked.map((one) => one.body['id'])).size).toBe(1);
  });

  it('gives up at once, closed, when Retry-After lies behind its deadline', async () => {
    const { client, asked } = await scripted(() => ({
      status: 503,
      headers: { 'retry-after': '60' },
    }));
    const decision = await client.propose(CALL);
    expect(decision).toMatchObject({ decision: 'deny', reason: 'timed-out', record: null });
    expect(asked).toHaveLength(1);
  });

  it('denies when nobody listens, and does not throw', async () => {
    const client = connect({ url: 'http://127.0.0.1:9', key: 'k', timeoutMs: 300 });
    const decision = await client.propose(CALL);
    expect(decision).toMatchObject({ decision: 'deny', reason: 'timed-out', intentId: 'i1' });
  });

  it.each([
    ['no JSON object', 'yes'],
    ['an allow for an unknown reason', { intentId: 'i1', decision: 'allow', reason: 'why-not' }],
    ['an allow for another intent', { intentId: 'i2', decision: 'allow', reason: 'permitted' }],
    ['an unknown verdict', { intentId: 'i1', decision: 'maybe', reason: 'permitted' }],
  ])('denies when the answer is %s', async (_name, body) => {
    const { client } = await scripted(() => ({ status: 200, body }));
    expect(await client.propose(CALL)).toMatchObject({ decision: 'deny', reason: 'timed-out' });
  });

  it('keeps a denial whose reason it does not know a denial', async () => {
    const { client } = await scripted(() => denyOf('i1', 'reason-of-next-year'));
    expect(await client.propose(CALL)).toMatchObject({ decision: 'deny', reason: 'policy-error' });
  });

  it('throws for the same id with other content, without asking again', async () => {
    const { client, asked } = await scripted(() => ({
      status: 409,
      body: { code: 'conflict', title: 'Conflict', detail: 'another content has this id' },
    }));
    const error = await client.propose(CALL).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RequestError);
    expect(error).toMatchObject({ status: 409, code: 'conflict' });
    expect(asked).toHaveLength(1);
  });

  it('tells which field of a refused request is wrong', async () => {
    const { client } = await scripted(() => ({
      status: 422,
      body: { code: 'invalid', errors: [{ pointer: '/tool', detail: 'must be a string' }] },
    }));
    await expect(client.propose(CALL)).rejects.toThrow('/tool: must be a string');
  });

  it('stops asking when it is aborted', async () => {
    const { client, asked } = await scripted(() => ({ status: 503 }));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(client.propose(CALL, { signal })).rejects.toThrow('enough');
    expect(asked).toHaveLength(0);
  });

  it('speaks for the agent it was connected for', async () => {
    const { asked, client: _client } = await scripted((one) => allowOf(one.body['id']));
    const operator = connect({ url: server?.url ?? '', key: 'k', agent: 'billing-bot' });
    await operator.propose(CALL);
    await operator.wait('i1').catch(() => undefined);
    expect(asked[0]?.body['agent']).toBe('billing-bot');
    expect(asked[1]?.url).toBe('/v1/intents/i1?agent=billing-bot');
  });
});

describe('waiting for a person', () => {
  it('returns needs-approval at once when not told to wait', async () => {
    const { client, asked } = await scripted(() => pendOf('i1'));
    const decision = await client.propose(CALL);
    expect(decision).toMatchObject({
      decision: 'needs-approval',
      approval: { id: 'a:i1', digest: 'sha256:00', expiresAt: 2_000 },
    });
    expect(asked).toHaveLength(1);
  });

  it('asks on until a person has answered', async () => {
    const { client, asked } = await scripted((_one, index) =>
      index < 3 ? pendOf('i1') : allowOf('i1'),
    );
    expect((await client.propose(CALL, { waitMs: 5_000 })).decision).toBe('allow');
    expect(asked.map((one) => one.method)).toEqual(['POST', 'GET', 'GET', 'GET']);
    expect(asked[1]?.url).toMatch(/^\/v1\/intents\/i1\?wait=\d+ms$/);
  });

  it('answers that it is still pending when the time is up', async () => {
    const { client } = await scripted(() => pendOf('i1'));
    expect((await client.wait('i1', { waitMs: 30 })).decision).toBe('needs-approval');
  });
});

describe('outcome', () => {
  it('reports status, cost and duration', async () => {
    const { client, asked } = await scripted(() => ({ status: 204 }));
    const report = { status: 'ok', durationMs: 12, cost: { microUsd: 30 } } as const;
    expect(await client.outcome('i/1', report)).toBe(true);
    expect(asked[0]).toMatchObject({ url: '/v1/intents/i%2F1/outcome', body: report });
  });

  it('answers false when estop cannot be told', async () => {
    const client = connect({ url: 'http://127.0.0.1:9', key: 'k', timeoutMs: 200 });
    expect(await client.outcome('i1', { status: 'ok' })).toBe(false);
  });
});

describe('connect', () => {
  it.each([
    [{ url: 'nowhere', key: 'k' }, 'url'],
    [{ url: 'http://127.0.0.1:1', key: 'two words' }, 'key'],
  ])('refuses %o', (options, what) => {
    expect(() => connect(options)).toThrow(`give ${what}`);
  });
});
