import { expect, it } from 'vitest';
import { digestOf, intentOf, startBench } from './harness.ts';

const PATH = '/v1/intents?agent=billing-bot';

it('answers what is being asked before it closes, and lets nobody wait for a person', async () => {
  const bench = await startBench({ isDecided: false, limits: { decideMs: 15_000 } });
  const pending = bench.send('POST', PATH, { body: intentOf('c-1') });
  await bench.written('billing-bot', 'c-1');
  const closed = bench.gateway.close();
  const digest = digestOf('billing-bot');
  await bench.publishDecision({ agentId: 'billing-bot', intentId: 'c-1', digest });
  expect((await pending).body.decision).toBe('allow');
  await closed;
  await expect(bench.send('GET', '/livez')).rejects.toThrow();
  await bench.close();
});

it('ends a wait for a person when it closes', async () => {
  const bench = await startBench();
  const body = intentOf('c-2', { tool: 'crm.delete', arguments: { id: 1 } });
  const waiting = bench.send('POST', `${PATH}&wait=60s`, { body });
  await expect
    .poll(async () => (await bench.send('GET', '/metrics')).body)
    .toContain('estop_gateway_long_polls_count 1');
  const closed = bench.gateway.close();
  expect((await waiting).body.decision).toBe('needs-approval');
  await closed;
  await bench.close();
});
