/**
 * The breaker as a process of its own beside gateway and policy: what it sees of agents that go
 * round in circles, whatever becomes of it meanwhile.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog } from '@estop/log/port';
import { newApiKey } from '@estop/schemas/api-key';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEstop } from '../harness/build.ts';
import { type KafkaCluster, startKafkaCluster } from '../harness/kafka/cluster.ts';
import { findFreePorts } from '../harness/kafka/ports.ts';
import { openSandbox, type Sandbox } from '../harness/kafka/sandbox.ts';
import { runCommand } from '../harness/run-command.ts';
import { ServiceProcess } from '../harness/service-process.ts';
import { LOOP_CALLS, toldTrips, WatchedAgents, watchedFleet } from './watched-fleet.ts';

const PARTITIONS = 2;
const SESSION_MS = 3_000;
const LINK_KEY = 'a-link-key-of-32-characters-at-least';
const SETTLED = { timeout: 20_000, interval: 100 };

const named = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${name}-${n}`);
/** Each of them goes round in circles once. */
const LOOPERS = named('looper', 8);
const STEADY = named('steady', 4);
/** There are some in each partition. */
const STOLEN = named('stolen', 8);
const REBORN = named('reborn', 8);
const FLOODING = named('flood', 8);
const FIRST = 'first';
const VICTIM = 'victim';
const AGENTS = [...LOOPERS, ...STEADY, ...STOLEN, ...REBORN, ...FLOODING, FIRST, VICTIM];

let cluster: KafkaCluster;
let sandbox: Sandbox;
let log: EventLog;
let agents: WatchedAgents;
let breaker: ServiceProcess;
let rival: ServiceProcess;

beforeAll(async () => {
  await buildEstop();
  cluster = await startKafkaCluster({
    properties: { 'group.min.session.timeout.ms': String(SESSION_MS) },
  });
  sandbox = await openSandbox();
  const { key } = newApiKey();
  const env = {
    KAFKA_BROKERS: cluster.bootstrap,
    KAFKA_SESSION_TIMEOUT_MS: String(SESSION_MS),
    ESTOP_LINK_KEY: LINK_KEY,
    ESTOP_OPERATOR_KEY: key,
    ESTOP_PARTITIONS: String(PARTITIONS),
    ESTOP_FLEET: writeFleet(),
  };
  const setup = await runCommand(['setup'], { ...env, ESTOP_DATA: join(sandbox.folder, 'setup') });
  expect(setup.code, setup.out).toBe(0);
  const ports = await findFreePorts(4);
  const [port] = ports;
  const serve = (name: string, service: 'policy' | 'gateway' | 'breaker') => {
    const own = { ...env, ESTOP_PORT: String(ports.shift() ?? 0) };
    return new ServiceProcess({ name, service, sandbox, env: own });
  };
  const gateway = serve('gateway', 'gateway');
  const policy = serve('policy', 'policy');
  breaker = serve('breaker', 'breaker');
  rival = serve('rival', 'breaker');
  await Promise.all([gateway.start(), policy.start(), breaker.start()]);
  agents = await WatchedAgents.at(`http://127.0.0.1:${port}`, key, AGENTS);
  const kafka = { brokers: [cluster.bootstrap], partitions: PARTITIONS, createTopics: false };
  log = await openKafkaLog({ ...kafka, clientId: 'test', linkKey: Buffer.from(LINK_KEY) });
});

afterAll(async () => {
  await log?.close();
  await sandbox?.close();
  await cluster?.stop();
});

function writeFleet(): string {
  const folder = join(sandbox.folder, 'fleet');
  for (const [path, text] of Object.entries(watchedFleet(AGENTS))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** The first of the names whose agent is in the partition. */
function inPartition(names: readonly string[], partition: number): string {
  const name = names.find((one) => partitionOfKey(one, PARTITIONS) === partition);
  if (name === undefined) throw new Error(`none of ${names.join(', ')} is in ${partition}`);
  return name;
}

/** Once every order was answered: of each of these agents the breaker was tripped once. */
async function expectTrippedOnce(looping: readonly string[]): Promise<void> {
  const trips = async () => {
    const { tripsByAgent, acceptedById, orders } = await toldTrips(log);
    const tripped = looping.map((agent) => [agent, tripsByAgent.get(agent) ?? 0]);
    return { tripped, accepted: new Set(orders.map((id) => acceptedById.get(id))) };
  };
  const expected = { tripped: looping.map((agent) => [agent, 1]), accepted: new Set([1]) };
  await expect.poll(trips, SETTLED).toEqual(expected);
}

describe('the breaker apart from gateway and policy', () => {
  it('opens for the agent that goes round in circles, and for no other', async () => {
    const [other = ''] = STEADY;
    for (let n = 0; n < LOOP_CALLS; n += 1) await agents.work(other);
    await agents.repeat(FIRST, LOOP_CALLS);
    await agents.untilOpen(FIRST);
    expect(await agents.work(other)).toMatchObject({ decision: 'allow', reason: 'permitted' });
    await expectTrippedOnce([FIRST]);
  });

  it('loses no trip and doubles none when it is killed under load', async () => {
    const over = new AbortController();
    const load = STEADY.map(async (agent) => {
      while (!over.signal.aborted) await agents.work(agent);
    });
    const looping: Promise<void>[] = [];
    // Before, while, and after it is gone; each loop is at another call when that happens.
    const begin = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        looping.push(agents.repeat(LOOPERS[looping.length] ?? '', LOOP_CALLS, 100));
        await delay(100);
      }
    };
    await begin(4);
    await breaker.kill();
    await begin(2);
    await breaker.start();
    await begin(2);
    await breaker.kill();
    await Promise.all(looping);
    await breaker.start();
    await expectTrippedOnce(LOOPERS);
    over.abort();
    await Promise.all(load);
    const { tripsByAgent } = await toldTrips(log);
    expect(STEADY.filter((agent) => tripsByAgent.has(agent))).toEqual([]);
  });

  it('trips once when it was frozen and another has taken its place', async () => {
    const before = [inPartition(STOLEN, 0), inPartition(STOLEN, 1)];
    const after = [inPartition(REBORN, 0), inPartition(REBORN, 1)];
    for (const agent of [...before, ...after]) await agents.repeat(agent, LOOP_CALLS - 1);
    breaker.signal('SIGSTOP');
    await rival.start();
    for (const agent of before) await agents.repeat(agent, 1);
    for (const agent of before) await agents.untilOpen(agent);
    breaker.signal('SIGCONT');
    // By whoever has the partition now, and again by who takes it over from there.
    const [first = '', second = ''] = after;
    await agents.repeat(first, 1);
    await agents.untilOpen(first);
    await Promise.all([breaker.kill(), rival.kill()]);
    await breaker.start();
    await agents.repeat(second, 1);
    await agents.untilOpen(second);
    await expectTrippedOnce([...before, ...after]);
  });

  it('trips an agent while another of its partition calls as fast as it can', async () => {
    const flooding = inPartition(FLOODING, partitionOfKey(VICTIM, PARTITIONS));
    const over = new AbortController();
    let calls = 0;
    const flood = Array.from({ length: 32 }, async () => {
      while (!over.signal.aborted) {
        await agents.work(flooding);
        calls += 1;
      }
    });
    await expect.poll(() => calls, SETTLED).toBeGreaterThan(100);
    await agents.repeat(VICTIM, LOOP_CALLS);
    await agents.untilOpen(VICTIM);
    const before = calls;
    await expect.poll(() => calls, SETTLED).toBeGreaterThan(before);
    over.abort();
    await Promise.all(flood);
    expect((await toldTrips(log)).tripsByAgent.get(flooding)).toBeUndefined();
    await expectTrippedOnce([VICTIM]);
  });
});
