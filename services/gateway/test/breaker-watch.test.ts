import { type BreakerService, startBreaker } from '@estop/breaker/main';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import { createMetrics } from '@estop/runtime/metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, intentOf, startBench } from './harness.ts';

const RESULT = `sha256:${'a'.repeat(64)}`;

describe('breakers that the breaker service watches', () => {
  let bench: Bench;
  let breaker: BreakerService;
  let count = 0;

  beforeAll(async () => {
    bench = await startBench();
    const { logger } = createMemoryLogger();
    const { registry } = createMetrics();
    breaker = await startBreaker({ log: bench.log, clock: systemClock, logger, registry });
  });
  afterAll(async () => {
    await breaker.close();
    await bench.close();
  });

  /** The same call with the same result, as of an agent that goes round in circles. */
  async function repeat(agent: string): Promise<string> {
    count += 1;
    const body = { ...intentOf(`w-${count}`, { tool: 'crm.read' }), session: 's1' };
    const asked = await bench.send('POST', `/v1/intents?agent=${agent}`, { body });
    if (asked.body.decision !== 'allow') return asked.body.reason;
    const path = `/v1/intents/${asked.body.intentId}/outcome?agent=${agent}`;
    await bench.send('POST', path, { body: { status: 'ok', resultDigest: RESULT } });
    return asked.body.reason;
  }

  const watched = async (agent: string) => (await bench.send('GET', `/v1/breakers/${agent}`)).body;

  it('show nothing of an agent that nobody has heard of, and know no stranger', async () => {
    expect(await watched('billing-bot')).toMatchObject({
      id: 'billing-bot',
      breaker: { mode: 'closed' },
      finding: null,
      statistics: null,
    });
    expect((await bench.send('GET', '/v1/breakers/nobody')).status).toBe(404);
    expect((await bench.send('GET', '/v1/breakers')).body).toEqual({ breakers: [], alerts: [] });
  });

  it('open by themselves, and say what was expected and what was observed', async () => {
    for (let n = 0; n < 4; n += 1) expect(await repeat('crm-bot')).toBe('permitted');
    await expect.poll(() => repeat('crm-bot')).toBe('breaker-open');
    await expect
      .poll(() => watched('crm-bot'))
      .toMatchObject({
        breaker: { mode: 'open', signal: 'loop', cause: 'tripped' },
        finding: {
          rule: 'same-result',
          expected: { low: 0, high: 3 },
          observed: 4,
          order: { mode: 'open', opens: 1 },
          shadow: false,
        },
        statistics: { lastHour: { errors: 0, denials: 0 } },
      });
    const { finding, statistics } = await watched('crm-bot');
    const [{ partition, offset }] = finding.calls;
    const { body } = await bench.send('GET', `/v1/records/${partition}/${offset}`);
    expect(body.subject).toBe('crm-bot');
    expect(statistics.minutes.at(-1).calls).toBeGreaterThanOrEqual(1);
    const { breakers } = (await bench.send('GET', '/v1/breakers?mode=open')).body;
    expect(breakers.map(({ id }: { id: string }) => id)).toEqual(['crm-bot']);
    expect((await bench.send('GET', '/v1/breakers?mode=half-open')).body.breakers).toEqual([]);
  });

  it('leave every other agent alone', async () => {
    expect(await repeat('billing-bot')).toBe('permitted');
    expect((await watched('billing-bot')).breaker.mode).toBe('closed');
  });

  it('are tripped by an operator, too, and by nobody less', async () => {
    const path = '/v1/agents/billing-bot/breaker/trip';
    const abe = await bench.keyOf('abe@example.com');
    expect((await bench.send('POST', path, { key: abe })).status).toBe(403);
    const olga = await bench.keyOf('olga@example.com');
    const body = { mode: 'step-up', for: '10m', reason: 'odd mails' };
    const tripped = await bench.send('POST', path, { key: olga, body });
    expect(tripped.body).toMatchObject({
      mode: 'step-up',
      signal: 'person',
      explanation: 'tripped by olga@example.com: odd mails',
    });
    expect((await bench.send('POST', path, { key: olga })).body).toMatchObject({
      mode: 'open',
      until: null,
    });
    expect(await repeat('billing-bot')).toBe('breaker-open');
  });
});
