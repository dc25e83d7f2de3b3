/** Everything a run is played on: three brokers, their wires, two gateways, two policy processes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { newApiKey } from '@estop/schemas/api-key';
import { type KafkaCluster, startKafkaCluster } from '../harness/kafka/cluster.ts';
import { findFreePorts } from '../harness/kafka/ports.ts';
import { openSandbox, type Sandbox } from '../harness/kafka/sandbox.ts';
import { runCommand } from '../harness/run-command.ts';
import { ServiceProcess } from '../harness/service-process.ts';
import type { Outage } from './checker/history.ts';
import { AGENTS, FLEET } from './fleet.ts';
import type { Door } from './load.ts';
import { listenerOf, Network } from './network.ts';

export const PARTITIONS = 6;
export const SESSION_MS = 4_000;
const POLICIES = ['policy-1', 'policy-2'];
/** Joins and leaves. */
const GUEST = 'policy-3';
const GATEWAYS = ['gateway-1', 'gateway-2'];
const CLOCK = join(import.meta.dirname, 'jumping-clock.mjs');
const LINK_KEY = 'the-link-key-of-the-chaos-tests-0';

/** A dead broker, and a follower that hangs, are noticed within seconds. */
const BROKER_PROPERTIES = {
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'replica.lag.time.max.ms': '5000',
  'group.min.session.timeout.ms': '3000',
  'replica.socket.timeout.ms': '5000',
};

export interface World {
  readonly cluster: KafkaCluster;
  readonly network: Network;
  readonly policies: readonly ServiceProcess[];
  readonly guest: ServiceProcess;
  readonly gateways: readonly ServiceProcess[];
  readonly doors: readonly Door[];
  readonly keyByAgent: ReadonlyMap<string, string>;
  /** Runs the estop command past all faults; answers its exit code and what it printed. */
  estop(dataFolder: string, ...args: readonly string[]): Promise<{ code: number; out: string }>;
  readonly folder: string;
  /** When too few brokers lived to write anything. */
  readonly outages: Outage[];
  close(): Promise<void>;
}

/** Starts all of it; `logFolder`: where the processes write, else in a folder that is removed. */
export async function openWorld(logFolder?: string): Promise<World> {
  const network = new Network();
  const sandbox = await openSandbox();
  const closings = [() => sandbox.close(), () => network.close()];
  const close = async () => {
    await Promise.allSettled(closings.map((closing) => closing()));
  };
  try {
    const cluster = await startKafkaCluster({
      brokers: 3,
      properties: BROKER_PROPERTIES,
      listeners: [...POLICIES, GUEST, ...GATEWAYS].map(listenerOf),
      advertisedPort: network.advertisedPort,
    });
    closings.push(() => cluster.stop());
    return { ...(await populate({ cluster, network, sandbox, logFolder })), close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Ground {
  readonly cluster: KafkaCluster;
  readonly network: Network;
  readonly sandbox: Sandbox;
  readonly logFolder: string | undefined;
}

async function populate(ground: Ground): Promise<Omit<World, 'close'>> {
  const { cluster, network, sandbox } = ground;
  const { folder } = sandbox;
  const { key: operatorKey } = newApiKey();
  const logFolder = ground.logFolder ?? folder;
  mkdirSync(logFolder, { recursive: true });
  const ports = await findFreePorts(POLICIES.length + GATEWAYS.length + 1);
  const shared = {
    ESTOP_LINK_KEY: LINK_KEY,
    ESTOP_OPERATOR_KEY: operatorKey,
    ESTOP_FLEET: writeFleet(folder),
    ESTOP_PARTITIONS: String(PARTITIONS),
    KAFKA_SESSION_TIMEOUT_MS: String(SESSION_MS),
  };
  const portByName = new Map<string, number>();

  function serviceNamed(name: string, service: 'policy' | 'gateway'): ServiceProcess {
    const port = ports.pop() ?? 0;
    portByName.set(name, port);
    const own = {
      ESTOP_PORT: String(port),
      KAFKA_BROKERS: cluster.bootstrapOf(listenerOf(name)),
    };
    const env = { ...shared, ...own };
    const nodeArgs = ['--import', CLOCK];
    return new ServiceProcess({ name, service, sandbox, logFolder, nodeArgs, env });
  }

  const estop: World['estop'] = (dataFolder, ...args) =>
    runCommand(args, { ...shared, ESTOP_DATA: dataFolder, KAFKA_BROKERS: cluster.bootstrap });
  const { code, out } = await estop(join(folder, 'setup'), 'setup');
  if (code !== 0) throw new Error(`estop setup ended with ${code}\n${out}`);
  const policies = POLICIES.map((name) => serviceNamed(name, 'policy'));
  const gateways = GATEWAYS.map((name) => serviceNamed(name, 'gateway'));
  await Promise.all([...policies, ...gateways].map((one) => one.start()));
  const doors: Door[] = [];
  for (const { name } of gateways) {
    const port = await network.wire(`agents → ${name}`, portByName.get(name) ?? 0);
    doors.push({ name, url: `http://127.0.0.1:${port}` });
  }
  const keyByAgent = await issueKeys(doors[0]?.url ?? '', operatorKey);
  const guest = serviceNamed(GUEST, 'policy');
  const outages: Outage[] = [];
  const processes = { policies, guest, gateways };
  return { cluster, network, ...processes, doors, keyByAgent, estop, folder, outages };
}

function writeFleet(folder: string): string {
  const fleet = join(folder, 'fleet');
  for (const [path, text] of Object.entries(FLEET)) {
    mkdirSync(dirname(join(fleet, path)), { recursive: true });
    writeFileSync(join(fleet, path), text);
  }
  return fleet;
}

async function issueKeys(url: string, operatorKey: string): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>();
  for (const agent of AGENTS) {
    const answer = await fetch(`${url}/v1/agents/${agent}/credentials`, {
      method: 'POST',
      headers: { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'api-key' }),
    });
    const text = await answer.text();
    if (answer.status !== 201) throw new Error(`no key for ${agent}: ${answer.status} ${text}`);
    keys.set(agent, JSON.parse(text).secret);
  }
  return keys;
}
