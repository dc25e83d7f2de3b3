/** Reads whole topics with plain kafkajs: what any other program on the cluster would see. */
import { Kafka, logLevel } from 'kafkajs';
import {
  CHECKED_TOPICS,
  type CheckedTopic,
  type InputPosition,
  type RawRecord,
} from './checker/history.ts';

const PATIENCE_MS = 120_000;
/** Who writes what nobody should says so, in a header that no service looks at. */
export const POISON_HEADER = 'chaos-poison';

export function kafkaClient(bootstrap: string): Kafka {
  return new Kafka({
    brokers: bootstrap.split(','),
    clientId: 'chaos',
    logLevel: logLevel.NOTHING,
    requestTimeout: 5_000,
    connectionTimeout: 2_000,
  });
}

export interface ReadTopics {
  readonly records: Readonly<Record<CheckedTopic, readonly RawRecord[]>>;
  readonly poison: readonly InputPosition[];
}

/** Every record of the checked topics up to their ends now. */
export async function readTopics(bootstrap: string): Promise<ReadTopics> {
  const kafka = kafkaClient(bootstrap);
  const ends = await endsOf(kafka);
  const records = Object.fromEntries(
    CHECKED_TOPICS.map((topic): [CheckedTopic, RawRecord[]] => [topic, []]),
  ) as Record<CheckedTopic, RawRecord[]>;
  const poison: InputPosition[] = [];
  const open = new Set([...ends].filter(([, end]) => end > 0).map(([place]) => place));
  const consumer = kafka.consumer({ groupId: `chaos-checker-${Date.now()}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [...CHECKED_TOPICS], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`not read in time: ${[...open].join(' ')}`)),
        PATIENCE_MS,
      );
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      if (open.size === 0) return done();
      void consumer.run({
        async eachMessage({ topic, partition, message }) {
          const checked = topic as CheckedTopic;
          const offset = Number(message.offset);
          records[checked].push({
            partition,
            offset,
            timestampMs: Number(message.timestamp),
            key: message.key?.toString() ?? '',
            value: message.value,
          });
          if (message.headers?.[POISON_HEADER]) poison.push({ topic, partition, offset });
          const place = `${topic}/${partition}`;
          if (offset + 1 >= (ends.get(place) ?? 0)) open.delete(place);
          if (open.size === 0) done();
        },
      });
    });
  } finally {
    await consumer.disconnect();
  }
  return { records, poison };
}

async function endsOf(kafka: Kafka): Promise<ReadonlyMap<string, number>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ends = new Map<string, number>();
    for (const topic of CHECKED_TOPICS) {
      for (const { partition, high } of await admin.fetchTopicOffsets(topic)) {
        ends.set(`${topic}/${partition}`, Number(high));
      }
    }
    return ends;
  } finally {
    await admin.disconnect();
  }
}

/** What the policy group has still to read, by its group offsets; empty: nobody is behind. */
export async function backlogOf(bootstrap: string): Promise<readonly string[]> {
  const kafka = kafkaClient(bootstrap);
  const ends = await endsOf(kafka);
  const admin = kafka.admin();
  await admin.connect();
  try {
    const topics = ['intents.v1', 'outcomes.v1', 'commands.v1'];
    const committed = await admin.fetchOffsets({ groupId: 'estop-policy', topics });
    return committed.flatMap(({ topic, partitions }) =>
      partitions.flatMap(({ partition, offset }) => {
        const left = (ends.get(`${topic}/${partition}`) ?? 0) - Math.max(0, Number(offset));
        return left > 0 ? [`${topic}/${partition}: ${left}`] : [];
      }),
    );
  } finally {
    await admin.disconnect();
  }
}
