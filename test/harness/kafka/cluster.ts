// A real Kafka of one or three brokers (KRaft, combined mode) on free ports of the loopback
// address.
import { randomBytes } from 'node:crypto';
import { kafkaJars } from './artifacts.ts';
import { type Broker, type BrokerOptions, startBroker } from './broker.ts';
import { type BrokerAddress, HOST, QUICK_JVM } from './broker-config.ts';
import { retryWhenPortTaken } from './java-server.ts';
import { findFreePorts } from './ports.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';
import { findJava } from './toolchain.ts';

const PORTS_PER_BROKER = 3;

export type KafkaClusterOptions = {
  readonly brokers?: 1 | 3;
  /**
   * Broker properties; they win over the harness's own. The listener of clients is named CLIENT:
   * for SASL set `listener.security.protocol.map` to `CLIENT:SASL_PLAINTEXT,BROKER:PLAINTEXT,…`.
   */
  readonly properties?: Readonly<Record<string, string>>;
  /**
   * The port under which clients are told to reach a broker, for a proxy before it. Called before
   * the broker starts, so the proxy can be made here. Called anew when the start is repeated.
   */
  readonly advertisedPort?: (broker: { id: number; port: number }) => number | Promise<number>;
  /** More arguments for `StorageTool format`, such as `--add-scram`. */
  readonly formatArgs?: readonly string[];
  /** JVM options in place of the ones for a quick start. */
  readonly jvmOptions?: readonly string[];
};

export type KafkaCluster = {
  /** `host:port` of every broker as clients see it, separated by commas. */
  readonly bootstrap: string;
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
      const bootstrap = addresses
        .map(({ advertisedPort }) => `${HOST}:${advertisedPort}`)
        .join(',');
      return { bootstrap, brokers, stop: () => sandbox.close() };
    } catch (error) {
      await sandbox.close();
      throw error;
    }
  });
}

async function chooseAddresses(options: KafkaClusterOptions): Promise<BrokerAddress[]> {
  const { brokers: count = 1, advertisedPort = ({ port }) => port } = options;
  const ports = await findFreePorts(count * PORTS_PER_BROKER);
  const addresses: BrokerAddress[] = [];
  for (let id = 1; id <= count; id++) {
    const [port = 0, brokerPort = 0, controllerPort = 0] = ports.splice(0, PORTS_PER_BROKER);
    const advertised = await advertisedPort({ id, port });
    addresses.push({
      id,
      clientPort: port,
      advertisedPort: advertised,
      brokerPort,
      controllerPort,
    });
  }
  return addresses;
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
