/**
 * Kafka gone while halting: whoever hears of the halt, at whichever gateway, nothing that it covers is
 * executed 3 s later. The gateway that is told passes it on to its peer.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { newApiKey } from '@estop/schemas/api-key';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildEstop } from '../../harness/build.ts';
import { type KafkaCluster, startKafkaCluster } from '../../harness/kafka/cluster.ts';
import { findFreePorts } from '../../harness/kafka/ports.ts';
import { openSandbox, type Sandbox } from '../../harness/kafka/sandbox.ts';
import { runCommand } from '../../harness/run-command.ts';
import { ServiceProcess } from '../../harness/service-process.ts';
import { Edge } from './edge.ts';
import { edgeNames, fleetOf } from './plan.ts';
import { machineMs } from './world.ts';

const LEASE_MS = 3_000;
/** From asking for the halt to its being in force at a gateway that has two cores with everybody. */
const SAYING_MS = 250;
const EDGES = edgeNames(6);
const AT_WORK_MS = 2_000;
/** Whom each process tells, by its place below; the policy nobody. */
const PEER_AT = [0, 2, 1];

let cluster: KafkaCluster;
let sandbox: Sandbox;
let ports: readonly number[];
let operatorKey: string;
const edges: Edge[] = [];

beforeAll(async () => {
  await buildEstop();
  cluster = await startKafkaCluster({ brokers: 3 });
  sandbox = await openSandbox();
  ports = await findFreePorts(3);
  operatorKey = newApiKey().key;
  const env = {
    KAFKA_BROKERS: cluster.bootstrap,
    ESTOP_LINK_KEY: 'a-link-key-of-32-characters-at-least',
    ESTOP_OPERATOR_KEY: operatorKey,
    ESTOP_FLEET: writeFleet(sandbox.folder),
    ESTOP_PARTITIONS: '2',
  };
  const { code } = await runCommand(['setup'], { ...env, ESTOP_DATA: join(sandbox.folder, 's') });
  expect(code).toBe(0);
  const names = ['policy', 'gateway-1', 'gateway-2'];
  const services = names.map((name, index) => {
    const service = name === 'policy' ? 'policy' : 'gateway';
    const other = { ESTOP_PEERS: `http://127.0.0.1:${ports[PEER_AT[index] ?? 0]}` };
    const own = { ...env, ESTOP_PORT: String(ports[index]), ...(index === 0 ? {} : other) };
    return new ServiceProcess({ name, service, sandbox, env: own });
  });
  await Promise.all(services.map((service) => service.start()));
  for (const [index, agent] of EDGES.entries()) {
    const port = ports[1 + (index % 2)] ?? 0;
    const { body } = await post(1, `/v1/agents/${agent}/credentials`, { kind: 'api-key' });
    const key = String(body['secret']);
    edges.push(await Edge.start({ agent, key, port, folder: sandbox.folder, mode: 'work' }));
  }
}, 180_000);

afterAll(async () => {
  await Promise.all(edges.map((edge) => edge.stop()));
  await sandbox?.close();
  await cluster?.stop();
});

function writeFleet(folder: string): string {
  const fleet = join(folder, 'fleet');
  for (const [path, text] of Object.entries(fleetOf(EDGES))) {
    mkdirSync(dirname(join(fleet, path)), { recursive: true });
    writeFileSync(join(fleet, path), text);
  }
  return fleet;
}

function post(gateway: 1 | 2, path: string, body: unknown) {
  return ask(gateway, path, { method: 'POST', body: JSON.stringify(body) });
}

async function ask(gateway: 1 | 2, path: string, request: RequestInit = {}) {
  const headers = { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json' };
  const answer = await fetch(`http://127.0.0.1:${ports[gateway]}${path}`, { ...request, headers });
  const read: Readonly<Record<string, unknown>> = JSON.parse(await answer.text());
  return { status: answer.status, body: read };
}

describe('a halt while Kafka is down', () => {
  it('is in force within a lease at the edges of both gateways', async () => {
    await delay(AT_WORK_MS);
    for (const broker of cluster.brokers) broker.pause();
    // In force from before it is asked for to be written, which takes as long as Kafka is away.
    const askedMs = machineMs();
    const said = post(1, '/v1/halts', { scope: { fleet: true }, mode: 'kill' });
    const { status, body: halt } = await said;
    expect(status).toBe(202);
    await delay(LEASE_MS + 3_000);
    // All of them heard it while no broker answered: by the other gateway, and not by a lease's end.
    const confirmed = { points: EDGES.length / 2, confirmed: EDGES.length / 2, silent: 0 };
    for (const gateway of [1, 2] as const) {
      const { body } = await ask(gateway, `/v1/halts/${halt['id']}`);
      expect(body, `gateway ${gateway}`).toMatchObject({ confirmations: confirmed });
    }
    for (const broker of cluster.brokers) broker.resume();
    await delay(AT_WORK_MS);
    for (const edge of edges) {
      const times = (await edge.executions()).map(({ atMs }) => atMs - askedMs);
      expect(
        times.some((ms) => ms < 0),
        edge.agent,
      ).toBe(true);
      expect(
        times.filter((ms) => ms > LEASE_MS + SAYING_MS),
        edge.agent,
      ).toEqual([]);
    }
  }, 60_000);
});
