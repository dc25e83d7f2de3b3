import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, digestOf, intentOf, startBench } from './harness.ts';

describe('intents, decided by the policy', () => {
  let bench: Bench;
  let key: string;

  beforeAll(async () => {
    bench = await startBench();
    key = await bench.keyOf('billing-bot');
  });
  afterAll(() => bench.close());

  it('answers an intent with its decision and the place of its record', async () => {
    const { status, body } = await bench.send('POST', '/v1/intents', {
      key,
      body: intentOf('i-1'),
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ intentId: 'i-1', decision: 'allow', reason: 'permitted' });
    expect(body.rules).toEqual(['reads']);
    const { partition, offset } = body.record;
    const record = await bench.send('GET', `/v1/records/${partition}/${offset}`);
    expect(record.body.events.map(({ type }: { type: string }) => type)).toEqual([
      'IntentProposed',
      'IntentAllowed',
    ]);
  });

  it('answers a denial with 200', async () => {
    const body = { ...intentOf('i-denied'), tool: 'unknown.tool' };
    const answer = await bench.send('POST', '/v1/intents', { key, body });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ decision: 'deny', reason: 'not-permitted' });
  });

  it('gives the same decision to the same intent, and reads it again by its id', async () => {
    const first = await bench.send('POST', '/v1/intents', { key, body: intentOf('i-again') });
    const second = await bench.send('POST', '/v1/intents', { key, body: intentOf('i-again') });
    const read = await bench.send('GET', '/v1/intents/i-again', { key });
    expect(second.body).toEqual(first.body);
    expect(read.body).toEqual(first.body);
  });

  it('refuses another content under a used id with 409', async () => {
    await bench.send('POST', '/v1/intents', { key, body: intentOf('i-used') });
    const body = intentOf('i-used', { arguments: { other: true } });
    const answer = await bench.send('POST', '/v1/intents', { key, body });
    expect(answer.status).toBe(409);
    expect(answer.body.code).toBe('intent-conflict');
  });

  it('waits for a person and returns as soon as one has approved', async () => {
    const body = intentOf('i-wait', { tool: 'crm.delete', arguments: { id: 7 } });
    const asked = await bench.send('POST', '/v1/intents', { key, body });
    expect(asked.body).toMatchObject({ decision: 'needs-approval', reason: 'approval-required' });
    const { id, digest } = asked.body.approval;
    const waiting = bench.send('GET', '/v1/intents/i-wait?wait=20s', { key });
    await expect
      .poll(async () => (await bench.send('GET', '/v1/approvals?state=pending')).body.approvals)
      .toContainEqual(
        expect.objectContaining({ id, digest, agent: 'billing-bot', arguments: { id: 7 } }),
      );
    const voted = await bench.send('POST', `/v1/approvals/${id}`, {
      body: { decision: 'approve', digest, reason: 'fine' },
    });
    expect(voted.body).toMatchObject({ vote: 'approve', state: 'approved' });
    expect((await waiting).body).toMatchObject({ decision: 'allow', reason: 'approved' });
  });

  it('answers needs-approval after the wait when nobody has decided', async () => {
    const body = intentOf('i-unmet', { tool: 'crm.delete', arguments: { id: 8 } });
    const answer = await bench.send('POST', '/v1/intents?wait=50ms', { key, body });
    expect(answer.body.decision).toBe('needs-approval');
  });

  it('refuses a vote on another digest and on what is decided already', async () => {
    const body = intentOf('i-vote', { tool: 'crm.delete', arguments: { id: 9 } });
    const { approval } = (await bench.send('POST', '/v1/intents', { key, body })).body;
    const path = `/v1/approvals/${approval.id}`;
    const other = `sha256:${'0'.repeat(64)}`;
    const wrong = await bench.send('POST', path, { body: { decision: 'approve', digest: other } });
    expect([wrong.status, wrong.body.code]).toEqual([409, 'conflict']);
    const vote = { decision: 'reject', digest: approval.digest };
    expect((await bench.send('POST', path, { body: vote })).body.state).toBe('rejected');
    expect((await bench.send('POST', path, { body: vote })).status).toBe(409);
  });

  it('takes an outcome and settles what was held', async () => {
    await bench.send('POST', '/v1/intents', { key, body: intentOf('i-done') });
    const body = { status: 'ok', durationMs: 12, cost: { tokens: 3 } };
    const answer = await bench.send('POST', '/v1/intents/i-done/outcome', { key, body });
    expect(answer.status).toBe(204);
    await expect
      .poll(async () => (await bench.send('GET', '/v1/records?intent=i-done')).body.records.length)
      .toBe(2);
  });

  it('lets an operator speak for an agent, also for one that the fleet does not know', async () => {
    const path = '/v1/intents?agent=stranger';
    const { body } = await bench.send('POST', path, { body: intentOf('i-op') });
    expect(body).toMatchObject({ decision: 'deny', reason: 'agent-unknown' });
    const own = intentOf('i-op', { agent: 'billing-bot' });
    expect((await bench.send('POST', '/v1/intents', { body: own })).body.decision).toBe('allow');
  });

  it('refuses an agent that names another', async () => {
    const body = intentOf('i-other', { agent: 'crm-bot' });
    const answer = await bench.send('POST', '/v1/intents', { key, body });
    expect([answer.status, answer.body.code]).toEqual([403, 'acting-for-another']);
    const read = await bench.send('GET', '/v1/intents/i-1?agent=crm-bot', { key });
    expect(read.status).toBe(403);
  });

  it('answers 404 for an intent that was never asked', async () => {
    const answer = await bench.send('GET', '/v1/intents/never-asked', { key });
    expect([answer.status, answer.body.code]).toEqual([404, 'not-found']);
  });

  it('passes the trace of a request to the record', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await bench.send('POST', '/v1/intents', {
      key,
      body: intentOf('i-trace'),
      headers: { traceparent },
    });
    const found: string[] = [];
    for (let partition = 0; partition < bench.log.partitions; partition += 1) {
      const options = { fromOffset: 0, maxRecords: 1_000 };
      const { records } = await bench.log.read('intents.v1', partition, options);
      found.push(...records.flatMap(({ headers }) => headers['traceparent'] ?? []));
    }
    expect(found).toEqual([traceparent]);
  });
});

describe('intents that nobody decides', () => {
  let bench: Bench;

  beforeAll(async () => {
    const limits = { decideMs: 100, pendingIntentsPerAgent: 2 };
    bench = await startBench({ isDecided: false, limits });
  });
  afterAll(() => bench.close());

  it('fails closed: 503 with Retry-After, and the question stays in the log', async () => {
    const answer = await bench.send('POST', PATH, { body: intentOf('u-1') });
    expect([answer.status, answer.body.code]).toEqual([503, 'not-decided']);
    expect(answer.headers.get('retry-after')).toBe('1');
    await bench.written('billing-bot', 'u-1');
  });

  it('refuses more than its share of pending intents with 429', async () => {
    const answers = await Promise.all(
      ['p-1', 'p-2', 'p-3'].map((id) => bench.send('POST', PATH, { body: intentOf(id) })),
    );
    const codes = answers.map(({ body }) => body.code).sort();
    expect(codes).toEqual(['not-decided', 'not-decided', 'too-many-pending']);
  });
});

describe('intents whose decision a test publishes', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await startBench({ isDecided: false, limits: { decideMs: 15_000 } });
  });
  afterAll(() => bench.close());

  const digest = digestOf('billing-bot');

  it('answers each of two contents under one id by its own digest', async () => {
    const first = bench.send('POST', PATH, { body: intentOf('d-1') });
    const second = bench.send('POST', PATH, { body: intentOf('d-1', { arguments: { a: 1 } }) });
    await bench.written('billing-bot', 'd-1', 2);
    await bench.publishDecision({ agentId: 'billing-bot', intentId: 'd-1', digest });
    const [one, other] = await Promise.all([first, second]);
    expect(one.status).toBe(200);
    expect(other.body.code).toBe('intent-conflict');
  });

  it('denies what a halt covers even when the log allows it', async () => {
    const body = { scope: { group: 'finance' }, mode: 'pause', reason: 'test' };
    const halt = await bench.send('POST', '/v1/halts', { body });
    expect(halt.status).toBe(201);
    const asked = bench.send('POST', PATH, { body: intentOf('h-1') });
    await bench.written('billing-bot', 'h-1');
    await bench.publishDecision({ agentId: 'billing-bot', intentId: 'h-1', digest });
    expect((await asked).body).toMatchObject({ decision: 'deny', reason: 'halted' });
    const path = `/v1/halts/${halt.body.id}/lift`;
    expect((await bench.send('POST', path, { body: { reason: 'over' } })).body.lifted).toBe(true);
    const read = await bench.send('GET', '/v1/intents/h-1?agent=billing-bot');
    expect(read.body.decision).toBe('allow');
  });

  it('finds a decision that it did not see itself in the log', async () => {
    await bench.publishDecision({ agentId: 'billing-bot', intentId: 'old-1', digest });
    const second = await bench.openSecondGateway();
    const answer = await fetch(`${second.url}/v1/intents/old-1?agent=billing-bot`, {
      headers: { authorization: `Bearer ${bench.operatorKey}` },
    });
    expect(await answer.json()).toMatchObject({ intentId: 'old-1', decision: 'allow' });
    await second.close();
  });
});

const PATH = '/v1/intents?agent=billing-bot';
