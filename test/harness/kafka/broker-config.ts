// What a broker of the harness is told: server.properties, log4j2.xml and the options of its JVM.
//
// Each broker has three listeners. CLIENT is the one tests connect to: it can be advertised under
// the port of a proxy and can be given SASL or TLS, without touching BROKER (replication) and
// CONTROLLER. A client with a listener of its own reaches every broker by ports that are its alone,
// so that a proxy can stand between just these two.

/** Ports of one broker, all on the loopback address. */
export type BrokerAddress = {
  readonly id: number;
  /** CLIENT first, then those of single clients. */
  readonly clients: readonly Listener[];
  readonly broker: Listener;
  readonly controllerPort: number;
};

export type Listener = {
  readonly name: string;
  readonly port: number;
  /** What others are told to connect to; `port` unless a proxy stands before it. */
  readonly advertisedPort: number;
};

export const HOST = '127.0.0.1';

/** C1 only: quick to start and small. Figures of throughput need one without TieredStopAtLevel. */
export const QUICK_JVM: readonly string[] = [
  '-Xmx512m',
  '-Xms128m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
];

/** The line by which a broker says that it is registered, unfenced and serving. */
export const READY_LINE = 'Kafka Server started';

export const LOG4J2_XML = `<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN">
  <Appenders>
    <Console name="console">
      <PatternLayout pattern="%d{HH:mm:ss.SSS} %p %c{1}: %m%n"/>
    </Console>
  </Appenders>
  <Loggers>
    <Logger name="kafka.server.KafkaRaftServer" level="INFO"/>
    <Root level="WARN"><AppenderRef ref="console"/></Root>
  </Loggers>
</Configuration>
`;

export type BrokerConfig = {
  readonly self: BrokerAddress;
  readonly all: readonly BrokerAddress[];
  readonly dataDir: string;
  /** Added last, so they win over what the harness sets. */
  readonly properties: Readonly<Record<string, string>>;
};

/** The text of server.properties for one broker in combined mode. */
export function serverProperties({ self, all, dataDir, properties }: BrokerConfig): string {
  const entries = {
    ...identity(self, all, dataDir),
    ...listeners(self),
    ...sizes(all.length),
    ...FAST_FAILOVER,
    ...properties,
  };
  return Object.entries(entries)
    .map(([name, value]) => `${name}=${escapeValue(value)}\n`)
    .join('');
}

// A dead broker is noticed, and taken back when it restarts, within seconds.
const FAST_FAILOVER = {
  'broker.session.timeout.ms': '6000',
  'controller.quorum.election.timeout.ms': '1000',
  'controller.quorum.fetch.timeout.ms': '2000',
};

function identity(
  self: BrokerAddress,
  all: readonly BrokerAddress[],
  dataDir: string,
): Record<string, string> {
  const voters = all.map(({ id, controllerPort }) => `${id}@${HOST}:${controllerPort}`);
  return {
    'process.roles': 'broker,controller',
    'node.id': String(self.id),
    'controller.quorum.voters': voters.join(','),
    'log.dirs': dataDir,
  };
}

function listeners(self: BrokerAddress): Record<string, string> {
  const named = [...self.clients, self.broker];
  const bound = named.map(({ name, port }) => `${name}://${HOST}:${port}`);
  const told = named.map(({ name, advertisedPort }) => `${name}://${HOST}:${advertisedPort}`);
  const names = [...named.map(({ name }) => name), 'CONTROLLER'];
  return {
    listeners: [...bound, `CONTROLLER://${HOST}:${self.controllerPort}`].join(','),
    'advertised.listeners': told.join(','),
    'inter.broker.listener.name': 'BROKER',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': names.map((name) => `${name}:PLAINTEXT`).join(','),
  };
}

function sizes(brokerCount: number): Record<string, string> {
  const replicas = String(brokerCount);
  const minInSync = String(Math.min(2, brokerCount));
  return {
    'default.replication.factor': replicas,
    'min.insync.replicas': minInSync,
    'unclean.leader.election.enable': 'false',
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': minInSync,
    // The default of 50 makes the first use of a group or a transactional id slow.
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.num.partitions': '4',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': '2097152',
  };
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
