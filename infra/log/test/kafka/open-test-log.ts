/** A log on the shared cluster whose topics are nobody else's. */
import { randomBytes } from 'node:crypto';
import { type KafkaLogConfig, openKafkaLog } from '@estop/log/kafka/kafka-log';
import { topicNames } from '@estop/log/kafka/topic-names';
import type { EventLog } from '@estop/log/port';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { inject } from 'vitest';

export const LINK_KEY = Buffer.from('a link key of the tests');
export const PARTITIONS = 3;

export interface TestTopics {
  readonly prefix: string;
  /** Opens a log on these topics; closed by `dispose` if it is still open. */
  open(more?: Partial<KafkaLogConfig>): Promise<EventLog>;
  admin<Result>(use: (admin: Admin) => Promise<Result>): Promise<Result>;
  /** Closes the logs and deletes the topics. */
  dispose(): Promise<void>;
}

/** Topics behind a prefix of their own; made by the first `open`. */
export function testTopics(bootstrap = inject('kafka').bootstrap): TestTopics {
  const prefix = `t${randomBytes(6).toString('hex')}.`;
  const logs: EventLog[] = [];

  async function admin<Result>(use: (admin: Admin) => Promise<Result>): Promise<Result> {
    const client = kafka(bootstrap).admin();
    await client.connect();
    try {
      return await use(client);
    } finally {
      await client.disconnect();
    }
  }
  return {
    prefix,
    admin,
    async open(more = {}) {
      const log = await openKafkaLog({
        brokers: bootstrap.split(','),
        clientId: 'estop-test',
        partitions: PARTITIONS,
        linkKey: LINK_KEY,
        createTopics: true,
        topicPrefix: prefix,
        ...more,
      });
      logs.push(log);
      return log;
    },
    async dispose() {
      await Promise.all(logs.map((log) => log.close()));
      const wanted = new Set(topicNames(prefix).all);
      await admin(async (client) => {
        const topics = (await client.listTopics()).filter((name) => wanted.has(name));
        if (topics.length > 0) await client.deleteTopics({ topics });
      });
    },
  };
}

/** The public client, for what a log must not be able to do itself. */
export function kafka(bootstrap = inject('kafka').bootstrap): Kafka {
  const brokers = bootstrap.split(',');
  return new Kafka({ brokers, clientId: 'estop-test', logLevel: logLevel.NOTHING });
}
