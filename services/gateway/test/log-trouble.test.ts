/** The log goes away and comes back; what the gateway says and does meanwhile. */
import type { EventLog, FollowOptions } from '@estop/log/port';
import { EstopError } from '@estop/schemas/errors';
import { describe, expect, it } from 'vitest';
import { digestOf, intentOf, startBench } from './harness.ts';

const PATH = '/v1/intents?agent=billing-bot';

it('keeps a halt in force while the log is away, and writes it when it is back', async () => {
  const trouble = { isOn: false };
  const wrapLog = (log: EventLog): EventLog => {
    const publish: EventLog['publish'] = (topic, partition, record) =>
      trouble.isOn && topic === 'halts.v1'
        ? Promise.reject(new EstopError('log-unavailable', 'pulled out by the test'))
        : log.publish(topic, partition, record);
    return withMethods(log, { publish });
  };
  const bench = await startBench({ isDecided: false, wrapLog, limits: { decideMs: 15_000 } });
  trouble.isOn = true;
  const body = { scope: { fleet: true }, mode: 'kill', reason: 'now' };
  const halt = await bench.send('POST', '/v1/halts', { body });
  expect(halt.status).toBe(202);
  const asked = bench.send('POST', PATH, { body: intentOf('t-1') });
  await bench.written('billing-bot', 't-1');
  const digest = digestOf('billing-bot');
  await bench.publishDecision({ agentId: 'billing-bot', intentId: 't-1', digest });
  expect((await asked).body).toMatchObject({ decision: 'deny', reason: 'halted' });
  expect(await bench.log.endOffset('halts.v1', 0)).toBe(0);
  trouble.isOn = false;
  await expect.poll(() => bench.log.endOffset('halts.v1', 0), { timeout: 5_000 }).toBe(1);
  await bench.close();
});

it('says that it is not ready while it follows nothing, and misses nothing after', async () => {
  const followers: FollowOptions[] = [];
  const wrapLog = (log: EventLog): EventLog => {
    const follow: EventLog['follow'] = (options) => {
      followers.push(options);
      return log.follow(options);
    };
    return withMethods(log, { follow });
  };
  const bench = await startBench({ isDecided: false, wrapLog });
  const decisions = followers.find(({ sources }) => sources[0]?.topic === 'decisions.v1');
  decisions?.onFailure(new Error('broken by the test'));
  const broken = await bench.send('GET', '/readyz');
  expect(broken.status).toBe(503);
  expect(JSON.stringify(broken.body)).toContain('decisions.v1');
  const digest = digestOf('billing-bot');
  await bench.publishDecision({ agentId: 'billing-bot', intentId: 'm-1', digest });
  await expect
    .poll(async () => (await bench.send('GET', '/readyz')).status, { timeout: 5_000 })
    .toBe(200);
  const read = await bench.send('GET', '/v1/intents/m-1?agent=billing-bot');
  expect(read.body.decision).toBe('allow');
  await bench.close();
});

it('skips a record that nobody can read, counts it, and goes on', async () => {
  const bench = await startBench({ isDecided: false });
  for (let partition = 0; partition < bench.log.partitions; partition += 1) {
    const value = Buffer.from('this is no Avro');
    await bench.log.publish('decisions.v1', partition, { key: 'billing-bot', value });
  }
  const digest = digestOf('billing-bot');
  await bench.publishDecision({ agentId: 'billing-bot', intentId: 'n-1', digest });
  await expect
    .poll(async () => (await bench.send('GET', '/metrics')).body, { timeout: 5_000 })
    .toContain('estop_gateway_unreadable_records_total{topic="decisions.v1"} 3');
  await expect
    .poll(async () => (await bench.send('GET', '/v1/intents/n-1?agent=billing-bot')).status)
    .toBe(200);
  await bench.close();
});

/** The log with some methods in place of its own. */
function withMethods(log: EventLog, methods: Partial<EventLog>): EventLog {
  return new Proxy(log, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name, target);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

describe('a gateway that does not hear of halts', () => {
  it('lets nothing above read through, and says so', async () => {
    const silence = { ms: 0 };
    const wrapLog = (log: EventLog): EventLog => {
      const follow: EventLog['follow'] = async (options) => {
        const follower = await log.follow(options);
        if (options.sources[0]?.topic !== 'halts.v1') return follower;
        return new Proxy(follower, {
          get: (target, name) => {
            if (name === 'silentMs') return () => silence.ms;
            const value = Reflect.get(target, name, target);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        });
      };
      return withMethods(log, { follow });
    };
    const bench = await startBench({ wrapLog });
    const write = { id: 'w-1', tool: 'crm.write', arguments: { id: 1 } };
    expect((await bench.send('POST', PATH, { body: write })).body.decision).toBe('allow');
    silence.ms = 3_000;
    const refused = await bench.send('POST', PATH, { body: write });
    expect(refused.status).toBe(503);
    expect(refused.body.code).toBe('halts-unknown');
    expect(refused.headers.get('retry-after')).not.toBeNull();
    const read = await bench.send('POST', PATH, { body: intentOf('r-1') });
    expect(read.body).toMatchObject({ decision: 'allow', tier: 'read' });
    silence.ms = 0;
    expect((await bench.send('POST', PATH, { body: write })).body.decision).toBe('allow');
    await bench.close();
  });
});

describe('the modes of a halt', () => {
  it('drain lets what was allowed before it end, pause does not', async () => {
    const bench = await startBench();
    const write = { id: 'm-1', tool: 'crm.write', arguments: { id: 1 } };
    await bench.send('POST', PATH, { body: write });
    const halt = async (mode: string) => {
      const body = { scope: { agent: 'billing-bot' }, mode };
      return (await bench.send('POST', '/v1/halts', { body })).body;
    };
    await halt('drain');
    expect((await bench.send('POST', PATH, { body: write })).body.decision).toBe('allow');
    const fresh = { ...write, id: 'm-2' };
    expect((await bench.send('POST', PATH, { body: fresh })).body.reason).toBe('halted');
    await halt('pause');
    expect((await bench.send('POST', PATH, { body: write })).body.reason).toBe('halted');
    await bench.close();
  });

  it('kill ends the wait for a person at once, with no', async () => {
    const bench = await startBench();
    const drop = { id: 'k-1', tool: 'crm.delete', arguments: { id: 1 } };
    const waiting = bench.send('POST', `${PATH}&wait=60s`, { body: drop });
    await bench.written('billing-bot', 'k-1');
    const body = { scope: { fleet: true }, mode: 'kill' };
    await bench.send('POST', '/v1/halts', { body });
    expect((await waiting).body).toMatchObject({ decision: 'deny', reason: 'halted' });
    await bench.close();
  });
});
