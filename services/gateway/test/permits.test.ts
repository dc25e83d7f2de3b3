import { createLocalJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PermitKeys } from '../src/permits/permit-keys.ts';
import { type Bench, digestOf, startBench } from './harness.ts';

const DAY_MS = 86_400_000;

let bench: Bench;
let key = '';

beforeAll(async () => {
  bench = await startBench();
  key = await bench.keyOf('billing-bot');
});

afterAll(() => bench.close());

async function ask(id: string, more: object = {}, as = key) {
  const body = { id, tool: 'crm.write', arguments: { id: 1 }, point: 'door-1', ...more };
  return (await bench.send('POST', '/v1/intents', { key: as, body })).body;
}

async function verified(permit: string): Promise<JWTPayload> {
  const { body } = await bench.send('GET', '/v1/enforcement/keys', { key: null });
  return (await jwtVerify(permit, createLocalJWKSet(body), { issuer: 'estop' })).payload;
}

describe('a permit', () => {
  it('comes with an allowed intent, and verifies with the published keys', async () => {
    const answer = await ask('p-1');
    const payload = await verified(answer.permit);
    expect(payload).toMatchObject({
      ...{ sub: 'billing-bot', aud: 'door-1', intent: 'p-1', tool: 'crm.write', tier: 'write' },
      ...{ digest: digestOf('billing-bot', '{"id":1}', 'crm.write'), groups: ['finance'] },
      record: answer.record,
      jti: 'billing-bot p-1',
    });
    expect(answer.expiresAt - answer.at).toBeGreaterThan(25_000);
    expect(answer.expiresAt - answer.at).toBeLessThanOrEqual(35_000);
    expect((payload.exp ?? 0) * 1_000).toBeCloseTo(answer.expiresAt, 0);
    expect(answer.holdUntil).toBeGreaterThan(answer.expiresAt);
  });

  it('is the same one however often it is asked for, to the last byte', async () => {
    const first = await ask('p-2');
    expect(await ask('p-2')).toEqual(first);
    expect((await bench.send('GET', '/v1/intents/p-2', { key })).body).toEqual(first);
  });

  it('is bound to the door that was named first, whoever asks again', async () => {
    await ask('p-3');
    expect(decodeJwt((await ask('p-3', { point: 'door-2' })).permit).aud).toBe('door-1');
  });

  it('is for the agent itself where no door is named', async () => {
    expect(decodeJwt((await ask('p-4', { point: undefined })).permit).aud).toBe(
      'agent:billing-bot',
    );
  });

  it('is given to nobody who only looks', async () => {
    await ask('p-5');
    const viewer = await bench.keyOf('vera@example.com');
    const read = await bench.send('GET', '/v1/intents/p-5?agent=billing-bot', { key: viewer });
    expect(read.body).toMatchObject({ decision: 'allow' });
    expect(read.body.permit).toBeUndefined();
  });

  it('is not given for a no, nor for what still waits', async () => {
    const waits = await ask('p-6', { tool: 'crm.delete' });
    expect(waits).toMatchObject({ decision: 'needs-approval' });
    expect(waits.permit).toBeUndefined();
    expect((await ask('p-7', { tool: 'crm.unknown' })).permit).toBeUndefined();
  });

  it('follows the yes of a person, with five seconds for what destroys', async () => {
    const { approval } = await ask('p-8', { tool: 'crm.delete' });
    const vote = { decision: 'approve', digest: approval.digest };
    await bench.send('POST', `/v1/approvals/${approval.id}`, { body: vote });
    const read = await bench.send('GET', '/v1/intents/p-8?wait=5s', { key });
    const { iat = 0, exp = 0, tier, spendUntil } = decodeJwt(read.body.permit);
    expect(tier).toBe('destructive');
    expect(exp - iat).toBeCloseTo(5, 1);
    // It may be asked for again as long as the amounts are held, and must stay spent until then.
    expect(spendUntil).toBeGreaterThan(Date.now() + 14 * 60_000);
  });

  it('knows the epochs of the scopes that cover it', async () => {
    const body = { scope: { group: 'sales' }, mode: 'pause' };
    const halt = (await bench.send('POST', '/v1/halts', { body })).body;
    const over = (
      await bench.send('POST', '/v1/halts', { body: { ...body, scope: { group: 'finance' } } })
    ).body;
    await bench.send('POST', `/v1/halts/${over.id}/lift`, { body: { reason: 'tried' } });
    await bench.send('POST', `/v1/halts/${halt.id}/lift`, { body: { reason: 'tried' } });
    const { epochs } = decodeJwt((await ask('p-9')).permit);
    expect(epochs).toEqual({ 'group:finance': over.epoch });
  });

  it('is not given for a yes from before a halt, also when the halt is over', async () => {
    const { approval } = await ask('p-11', { tool: 'crm.delete' });
    const vote = { decision: 'approve', digest: approval.digest };
    await bench.send('POST', `/v1/approvals/${approval.id}`, { body: vote });
    const look = async () => (await bench.send('GET', '/v1/intents/p-11?wait=5s', { key })).body;
    expect((await look()).permit).toBeDefined();
    const body = { scope: { agent: 'billing-bot' }, mode: 'pause' };
    const halt = (await bench.send('POST', '/v1/halts', { body })).body;
    await bench.send('POST', `/v1/halts/${halt.id}/lift`, { body: { reason: 'tried' } });
    const after = await look();
    expect(after).toMatchObject({ decision: 'allow' });
    expect(after.permit).toBeUndefined();
  });

  it('says when the log has decided it, and is void from an opening of the breaker until a re-arm', async () => {
    const sales = await bench.keyOf('crm-bot');
    const answer = await ask('p-13', {}, sales);
    expect(decodeJwt(answer.permit)).toMatchObject({ decidedAt: answer.at });
    const breaker = '/v1/agents/crm-bot/breaker';
    await bench.send('POST', `${breaker}/trip`, { body: { reason: 'a test', mode: 'open' } });
    const look = async () => (await bench.send('GET', '/v1/intents/p-13', { key: sales })).body;
    expect((await look()).permit).toBeUndefined();
    await bench.send('POST', `${breaker}/rearm`, { body: { reason: 'tried' } });
    expect((await look()).permit).toBeDefined();
  });

  it('stays spent until no other one of its intent can be good, whichever gateway gave it', async () => {
    const { permit, at } = await ask('p-12');
    expect(decodeJwt(permit)).toMatchObject({ spendUntil: at + 180_000 });
  });

  it('stands in each answer of a batch', async () => {
    const line = { id: 'p-10', tool: 'crm.write', arguments: { id: 2 }, point: 'door-1' };
    const answer = await bench.send('POST', '/v1/intents/batch', {
      key,
      text: `${JSON.stringify(line)}\n`,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(await verified(JSON.parse(answer.body).permit)).toMatchObject({ intent: 'p-10' });
  });
});

describe('reads', () => {
  it('may be made again without asking first when no limit counts them', async () => {
    const sales = await bench.keyOf('crm-bot');
    const read = { tool: 'crm.read', arguments: {} };
    expect(await ask('r-1', read, sales)).toMatchObject({ tier: 'read', readAgainMs: 2_000 });
    expect((await ask('r-2', read)).readAgainMs).toBeUndefined();
    expect((await ask('r-3', {}, sales)).readAgainMs).toBeUndefined();
  });
});

describe('the keys of permits', () => {
  it('are the same for all who share the secret, and new each day', async () => {
    const [one, other] = [new PermitKeys(Buffer.alloc(32, 1)), new PermitKeys(Buffer.alloc(32, 1))];
    const today = await one.current(10 * DAY_MS);
    expect(today.kid).toBe((await other.current(10 * DAY_MS + 5)).kid);
    expect(today.kid).not.toBe((await one.current(11 * DAY_MS)).kid);
    expect(today.kid).not.toBe(
      (await new PermitKeys(Buffer.alloc(32, 2)).current(10 * DAY_MS)).kid,
    );
  });

  it('are published from the day before to the day after, without what is secret', async () => {
    const keys = new PermitKeys(Buffer.alloc(32, 1));
    const { keys: published } = await keys.published(10 * DAY_MS);
    const kids = await Promise.all([9, 10, 11].map((day) => keys.current(day * DAY_MS)));
    expect(published.map(({ kid }) => kid)).toEqual(kids.map(({ kid }) => kid));
    expect(published.every((jwk) => jwk.d === undefined)).toBe(true);
  });
});
