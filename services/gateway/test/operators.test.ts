import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, FLEET, intentOf, startBench } from './harness.ts';

describe('operators', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.close());

  it('suspends an agent by POST or PUT, without a body, and resumes it', async () => {
    const suspended = await bench.send('POST', '/v1/agents/crm-bot/suspend');
    expect(suspended.body).toEqual({ id: 'crm-bot', suspended: true });
    const asked = await bench.send('POST', '/v1/intents?agent=crm-bot', { body: intentOf('s-1') });
    expect(asked.body.reason).toBe('agent-suspended');
    const resumed = await bench.send('PUT', '/v1/agents/crm-bot/resume', {
      body: { reason: 'ok' },
    });
    expect(resumed.body).toEqual({ id: 'crm-bot', suspended: false });
    const again = await bench.send('POST', '/v1/intents?agent=crm-bot', { body: intentOf('s-2') });
    expect(again.body.decision).toBe('allow');
  });

  it('issues a key that works at once, shows no hash of it, and revokes it', async () => {
    const issued = await bench.send('POST', '/v1/agents/crm-bot/credentials', {
      body: { kind: 'api-key' },
    });
    expect(issued.status).toBe(201);
    const { id, secret } = issued.body;
    const ask = (intent: string) =>
      bench.send('POST', '/v1/intents', { key: secret, body: intentOf(intent) });
    expect((await ask('k-1')).status).toBe(200);
    const agent = await bench.send('GET', '/v1/agents/crm-bot');
    expect(agent.body.credentials).toContainEqual({
      id,
      kind: 'api-key',
      issuedAt: expect.any(Number),
    });
    const revoked = await bench.send('DELETE', `/v1/agents/crm-bot/credentials/${id}`);
    expect(revoked.status).toBe(204);
    expect((await ask('k-2')).status).toBe(401);
    expect((await bench.send('DELETE', `/v1/agents/crm-bot/credentials/${id}`)).status).toBe(404);
  });

  it('registers a public key, and refuses a wrong one', async () => {
    const path = '/v1/agents/crm-bot/credentials';
    const publicKey = Buffer.alloc(32, 7).toString('base64url');
    const good = await bench.send('POST', path, { body: { kind: 'ed25519', publicKey } });
    expect(good.body).toMatchObject({ kind: 'ed25519', publicKey });
    expect((await bench.send('POST', path, { body: { kind: 'ed25519' } })).status).toBe(422);
    const short = { kind: 'ed25519', publicKey: 'AAAA' };
    expect((await bench.send('POST', path, { body: short })).status).toBe(422);
    const odd = { kind: 'api-key', publicKey };
    expect((await bench.send('POST', path, { body: odd })).status).toBe(422);
  });

  it('keeps each role to what it may do', async () => {
    const [viewer, approver, operator, admin] = await Promise.all(
      ['vera', 'abe', 'olga', 'dana'].map((name) => bench.keyOf(`${name}@example.com`)),
    );
    const halt = { scope: { agent: 'crm-bot' }, mode: 'pause' };
    const statusOf = async (key: string | undefined, method: string, path: string, body?: object) =>
      (await bench.send(method, path, { key: key ?? null, body })).status;
    expect(await statusOf(viewer, 'GET', '/v1/agents')).toBe(200);
    expect(
      await statusOf(viewer, 'POST', '/v1/approvals/a:b', { decision: 'reject', digest: DIGEST }),
    ).toBe(403);
    expect(
      await statusOf(approver, 'POST', '/v1/approvals/crm-bot:b', {
        decision: 'reject',
        digest: DIGEST,
      }),
    ).toBe(404);
    expect(await statusOf(approver, 'POST', '/v1/halts', halt)).toBe(403);
    expect(await statusOf(operator, 'PUT', '/v1/fleet', { files: FLEET })).toBe(403);
    expect(
      await statusOf(operator, 'POST', '/v1/people/vera@example.com/credentials', {
        kind: 'api-key',
      }),
    ).toBe(403);
    expect(
      await statusOf(operator, 'POST', '/v1/agents/billing-bot/budgets/calls', {
        ceiling: 5,
        reason: 'x',
      }),
    ).toBe(403);
    expect(
      await statusOf(admin, 'POST', '/v1/agents/billing-bot/budgets/calls', {
        raiseBy: 5,
        reason: 'x',
      }),
    ).toBe(200);
    expect(await statusOf(viewer, 'POST', '/v1/intents?agent=crm-bot', intentOf('r-1'))).toBe(403);
    expect(await statusOf(operator, 'POST', '/v1/intents?agent=crm-bot', intentOf('r-1'))).toBe(
      200,
    );
  });

  it('refuses agents on routes for people', async () => {
    const key = await bench.keyOf('crm-bot');
    for (const path of [
      '/v1/agents',
      '/v1/halts',
      '/v1/records',
      '/v1/stream',
      '/v1/lag',
      '/v1/fleet',
    ]) {
      expect((await bench.send('GET', path, { key })).status, path).toBe(403);
    }
  });

  it('raises a ceiling by command and shows it', async () => {
    const path = '/v1/agents/billing-bot/budgets/calls';
    const set = await bench.send('POST', path, { body: { ceiling: 500, reason: 'less' } });
    expect(set.body).toMatchObject({ budgetId: 'calls', unit: 'calls', ceiling: 500 });
    const agent = await bench.send('GET', '/v1/agents/billing-bot');
    expect(agent.body.budgets).toContainEqual(expect.objectContaining({ ceiling: 500 }));
    const both = { ceiling: 1, raiseBy: 1, reason: 'x' };
    expect((await bench.send('POST', path, { body: both })).status).toBe(422);
    const other = '/v1/agents/billing-bot/budgets/none';
    expect((await bench.send('POST', other, { body: { ceiling: 1, reason: 'x' } })).status).toBe(
      404,
    );
  });

  it('halts and lifts every kind of scope, with epochs that grow', async () => {
    const scopes = [
      { fleet: true },
      { group: 'finance' },
      { agent: 'billing-bot' },
      { tool: 'crm.read' },
      { agent: 'billing-bot', tool: 'crm.read' },
    ];
    const key = await bench.keyOf('olga@example.com');
    for (const [index, scope] of scopes.entries()) {
      const halt = await bench.send('POST', '/v1/halts', { body: { scope, mode: 'kill' } });
      expect(halt.body).toMatchObject({ scope, mode: 'kill', lifted: false });
      const path = '/v1/intents?agent=billing-bot';
      const during = await bench.send('POST', path, { body: intentOf(`during-${index}`) });
      expect(during.body).toMatchObject({ decision: 'deny', reason: 'halted' });
      const liftPath = `/v1/halts/${halt.body.id}/lift`;
      const own = await bench.send('POST', liftPath, { body: { reason: 'over' } });
      expect(own).toMatchObject({ status: 403, body: { code: 'second-person' } });
      const lift = await bench.send('POST', liftPath, { key, body: { reason: 'over' } });
      expect(lift.body).toMatchObject({ id: halt.body.id, lifted: true });
      const after = await bench.send('POST', path, { body: intentOf(`after-${index}`) });
      expect(after.body.decision).toBe('allow');
      const again = await bench.send('POST', '/v1/halts', { body: { scope, mode: 'pause' } });
      expect(again.body.epoch).toBe(halt.body.epoch + 1);
      await bench.send('POST', `/v1/halts/${again.body.id}/lift`, { body: { reason: 'over' } });
    }
    const rearm = { body: { reason: 'over' } };
    for (const agent of ['billing-bot', 'crm-bot']) {
      await bench.send('POST', `/v1/agents/${agent}/breaker/rearm`, rearm);
    }
    expect((await bench.send('GET', '/v1/halts')).body.halts).toEqual([]);
    expect((await bench.send('GET', '/v1/halts?state=all')).body.halts.length).toBe(scopes.length);
  });

  it('ends a halt by itself after its time', async () => {
    const body = { scope: { agent: 'billing-bot' }, mode: 'pause', for: '80ms' };
    const halt = await bench.send('POST', '/v1/halts', { body });
    expect(halt.body.until).toBe(halt.body.at + 80);
    await expect.poll(async () => (await bench.send('GET', '/v1/halts')).body.halts).toEqual([]);
    const lift = await bench.send('POST', `/v1/halts/${halt.body.id}/lift`, {
      body: { reason: 'x' },
    });
    expect(lift.status).toBe(409);
  });

  it('checks a fleet, puts it into force, and reads it by its hash', async () => {
    const wrong = { files: { ...FLEET, 'agents.yaml': 'agents: [' } };
    const refused = await bench.send('POST', '/v1/fleet/check', { body: wrong });
    expect([refused.status, refused.body.code]).toEqual([422, 'fleet-invalid']);
    expect(refused.body.errors[0]).toMatchObject({ pointer: '/files/agents.yaml', line: 1 });
    expect((await bench.send('PUT', '/v1/fleet', { body: wrong })).status).toBe(422);

    const before = await bench.send('GET', '/v1/fleet');
    const files = {
      ...FLEET,
      'agents.yaml': `${FLEET['agents.yaml']}  new-bot: { groups: [sales] }\n`,
    };
    const put = await bench.send('PUT', '/v1/fleet', { body: { files } });
    expect(put.body).toMatchObject({ changed: true, applied: { recorded: 3, partitions: 3 } });
    expect(put.body.hash).not.toBe(before.body.hash);
    const asked = await bench.send('POST', '/v1/intents?agent=new-bot', { body: intentOf('n-1') });
    expect(asked.body).toMatchObject({ decision: 'allow', policy: put.body.hash });
    const old = await bench.send('GET', `/v1/fleet/${before.body.hash}`);
    expect(old.body).toMatchObject({ active: false, files: before.body.files });
    expect((await bench.send('PUT', '/v1/fleet', { body: { files } })).body.changed).toBe(false);
    expect((await bench.send('GET', `/v1/fleet/sha256:${'0'.repeat(64)}`)).status).toBe(404);
  });

  it('searches the audit log by what an operator asks for, page by page', async () => {
    for (let index = 0; index < 5; index += 1) {
      const body = intentOf(`page-${index}`, {
        session: 'pages',
        tool: 'crm.write',
        arguments: { id: index },
      });
      await bench.send('POST', '/v1/intents?agent=crm-bot', { body });
    }
    const query =
      'agent=crm-bot&session=pages&tool=crm.write&decision=allow&from=2020-01-01T00:00:00Z';
    const found: string[] = [];
    let cursor = '';
    do {
      const page = await bench.send(
        'GET',
        `/v1/records?${query}&limit=2${cursor && `&cursor=${cursor}`}`,
      );
      expect(page.body.records.length).toBeLessThanOrEqual(2);
      found.push(...page.body.records.map((one: never) => one['events'][0]['intent']['intentId']));
      cursor = page.body.cursor ?? '';
    } while (cursor !== '');
    expect(found).toEqual(['page-0', 'page-1', 'page-2', 'page-3', 'page-4']);
    const none = await bench.send('GET', `/v1/records?agent=crm-bot&to=2020-01-01T00:00:00Z`);
    expect(none.body).toEqual({ records: [] });
  });

  it('tells how far readers are behind', async () => {
    const { body } = await bench.send('GET', '/v1/lag');
    const groups = new Set(body.lag.map(({ group }: { group: string }) => group));
    expect(groups).toEqual(new Set(['estop-policy', 'estop-gateway']));
  });

  it('tells the truth about itself', async () => {
    expect((await bench.send('GET', '/livez', { key: null })).body.ok).toBe(true);
    expect((await bench.send('GET', '/readyz', { key: null })).body.ok).toBe(true);
    const metrics = await bench.send('GET', '/metrics', { key: null });
    expect(metrics.body).toContain(
      'estop_gateway_intents_total{decision="allow",reason="permitted"}',
    );
    await bench.log.close();
    const ready = await bench.send('GET', '/readyz', { key: null });
    expect(ready.status).toBe(503);
    const asked = await bench.send('POST', '/v1/intents?agent=crm-bot', { body: intentOf('gone') });
    expect([asked.status, asked.body.code]).toEqual([503, 'log-unavailable']);
  });
});

const DIGEST = `sha256:${'1'.repeat(64)}`;
