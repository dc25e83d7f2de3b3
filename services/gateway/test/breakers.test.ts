import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, intentOf, startBench } from './harness.ts';

const REARM = '/v1/agents/crm-bot/breaker/rearm';

describe('breakers', () => {
  let bench: Bench;
  let olga: string;
  let count = 0;

  beforeAll(async () => {
    bench = await startBench();
    olga = await bench.keyOf('olga@example.com');
  });
  afterAll(() => bench.close());

  async function ask(tool: string) {
    count += 1;
    const body = intentOf(`b-${count}`, { tool, arguments: {} });
    return (await bench.send('POST', '/v1/intents?agent=crm-bot', { body })).body;
  }

  async function killAndLift() {
    const body = { scope: { agent: 'crm-bot' }, mode: 'kill' };
    const halt = await bench.send('POST', '/v1/halts', { body });
    const path = `/v1/halts/${halt.body.id}/lift`;
    await bench.send('POST', path, { key: olga, body: { reason: 'looked at it' } });
  }

  const breakerOf = async () => (await bench.send('GET', '/v1/agents/crm-bot')).body.breaker;

  it('are closed of agents that nobody has heard of', async () => {
    expect(await breakerOf()).toEqual({
      mode: 'closed',
      since: null,
      until: null,
      opens: 0,
      probes: 0,
      passed: 0,
      cause: null,
      signal: null,
      explanation: null,
      held: false,
      proposesKill: false,
    });
  });

  it('come back half-open after a kill, and close when five probes went well', async () => {
    await killAndLift();
    expect(await ask('crm.write')).toMatchObject({ decision: 'deny', reason: 'breaker-open' });
    await expect.poll(breakerOf).toMatchObject({ mode: 'half-open', cause: 'kill-lifted' });
    for (let probe = 0; probe < 5; probe += 1) {
      const { intentId, decision } = await ask('crm.read');
      expect(decision).toBe('allow');
      const path = `/v1/intents/${intentId}/outcome?agent=crm-bot`;
      expect((await bench.send('POST', path, { body: { status: 'ok' } })).status).toBe(204);
    }
    await expect.poll(breakerOf).toMatchObject({ mode: 'closed', cause: 'probes-passed' });
    expect((await ask('crm.write')).decision).toBe('allow');
  });

  it('are re-armed by an operator who says why', async () => {
    await killAndLift();
    expect((await ask('crm.write')).reason).toBe('breaker-open');
    expect((await bench.send('POST', REARM, { key: olga, body: {} })).status).toBe(422);
    const abe = await bench.keyOf('abe@example.com');
    const body = { reason: 'it was a drill' };
    expect((await bench.send('POST', REARM, { key: abe, body })).status).toBe(403);
    expect((await bench.send('POST', '/v1/agents/nobody/breaker/rearm', { body })).status).toBe(
      404,
    );
    const rearmed = await bench.send('POST', REARM, { key: olga, body });
    expect(rearmed).toMatchObject({
      status: 200,
      body: { mode: 'closed', explanation: 're-armed by olga@example.com: it was a drill' },
    });
    expect((await ask('crm.write')).decision).toBe('allow');
  });

  it('stand in the audit log with each of their turns', async () => {
    const { body } = await bench.send('GET', '/v1/records?agent=crm-bot&limit=1000');
    const turns = body.records
      .flatMap(({ events }: { events: { type: string; cause: string }[] }) => events)
      .filter(({ type }: { type: string }) => type === 'BreakerChanged')
      .map(({ cause }: { cause: string }) => cause);
    expect(turns).toEqual(['kill-lifted', 'probes-passed', 'kill-lifted', 'rearmed']);
  });
});
