// A real Kafka of one or three brokers (KRaft, combined mode) on free ports of the loopback
// address.
import { randomBytes } from 'node:crypto';
import { kafkaJars } from './artifacts.ts';
import { type Broker, type BrokerOptions, startBroker } from './broker.ts';
import { type BrokerAddress, HOST, type Listener, QUICK_JVM } from './broker-config.ts';
import { retryWhenPortTaken } from './java-server.ts';
import { findFreePorts } from './ports.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';
import { findJava } from './toolchain.ts';

const CLIENT = 'CLIENT';

export type KafkaClusterOptions = {
  readonly brokers?: 1 | 3;
  /**
   * Broker properties; they win over the harness's own. The listener of clients is named CLIENT:
   * for SASL set `listener.security.protocol.map` to `CLIENT:SASL_PLAINTEXT,BROKER:PLAINTEXT,…`.
   */
  readonly properties?: Readonly<Record<string, string>>;
  /** Names of more listeners for clients, in capitals: one for each that is to be cut off alone. */
  readonly listeners?: readonly string[];
  /**
   * The port under which others are told to reach a broker, for a proxy before it: clients at CLIENT
   * and the listeners above, brokers at BROKER. Called before the broker starts, so the proxy can be
   * made here. Called anew when the start is repeated.
   */
  readonly advertisedPort?: (broker: AdvertisedListener) => number | Promise<number>;
  /** More arguments for `StorageTool format`, such as `--add-scram`. */
  readonly formatArgs?: readonly string[];
  /** JVM options in place of the ones for a quick start. */
  readonly jvmOptions?: readonly string[];
};

export type AdvertisedListener = {
  readonly id: number;
  readonly listener: string;
  readonly port: number;
};

export type KafkaCluster = {
  /** `host:port` of every broker as clients see it, separated by commas. */
  readonly bootstrap: string;
  /** The same for those who come in by another listener. */
  bootstrapOf(listener: string): string;
  readonly brokers: readonly Broker[];
  /** Kills the brokers and removes their data; nothing is left when it resolves. */
  stop(): Promise<void>;
};

/**
 * Starts a cluster and resolves when all brokers serve. Fetches Kafka on first use. Throws when
 * Java or Maven is missing, or a broker does not start; then nothing is left running.
 */
export async function startKafkaCluster(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const java = await findJava();
  const jarsDir = await kafkaJars();
  return retryWhenPortTaken(async () => {
    const addresses = await chooseAddresses(options);
    const sandbox = await openSandbox();
    try {
      const brokers = await startBrokers({ sandbox, java, jarsDir, addresses, options });
      const bootstrapOf = (listener: string) => addressesAt(addresses, listener);
      const bootstrap = bootstrapOf(CLIENT);
      return { bootstrap, bootstrapOf, brokers, stop: () => sandbox.close() };
    } catch (error) {
      await sandbox.close();
      throw error;
    }
  });
}

async function chooseAddresses(options: KafkaClusterOptions): Promise<BrokerAddress[]> {
  const { brokers: count = 1, advertisedPort = ({ port }) => port } = options;
  const names = [CLIENT, ...(options.listeners ?? [])];
  // One for each of these, one for BROKER and one for CONTROLLER.
  const ports = await findFreePorts(count * (names.length + 2));
  const addresses: BrokerAddress[] = [];
  for (let id = 1; id <= count; id++) {
    const listen = async (name: string): Promise<Listener> => {
      const port = ports.pop() ?? 0;
      return { name, port, advertisedPort: await advertisedPort({ id, listener: name, port }) };
    };
    const clients: Listener[] = [];
    for (const name of names) clients.push(await listen(name));
    const broker = await listen('BROKER');
    addresses.push({ id, clients, broker, controllerPort: ports.pop() ?? 0 });
  }
  return addresses;
}

function addressesAt(addresses: readonly BrokerAddress[], listener: string): string {
  const found = addresses.flatMap(({ clients }) => clients.filter(({ name }) => name === listener));
  return found.map(({ advertisedPort }) => `${HOST}:${advertisedPort}`).join(',');
}

type StartOptions = Pick<BrokerOptions, 'sandbox' | 'java' | 'jarsDir'> & {
  readonly sandbox: Sandbox;
  readonly addresses: readonly BrokerAddress[];
  readonly options: KafkaClusterOptions;
};

/** All at once: the first broker is not ready before a majority of the controllers has met. */
function startBrokers({ addresses, options, ...given }: StartOptions): Promise<Broker[]> {
  const { properties = {}, formatArgs = [], jvmOptions = QUICK_JVM } = options;
  // Kafka wants a UUID in base64url, which any 16 bytes are, if only they do not begin with a dash.
  const clusterId = `e${randomBytes(16).toString('base64url').slice(1)}`;
  const shared = { ...given, clusterId, formatArgs, jvmOptions, properties, all: addresses };
  return Promise.all(addresses.map((address) => startBroker({ ...shared, address })));
}
