import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import { expect, inject, it } from 'vitest';
import { decideSet } from './decide.ts';
import { decideOnLog } from './decide-on-log.ts';
import { timeless } from './score.ts';
import { setUnderTest } from './sets-under-test.ts';

it('recorded sessions are decided the same on Kafka as offline, line by line', async () => {
  const set = setUnderTest();
  const { bootstrap, registryUrl } = inject('kafka');
  const log = await openKafkaLog({
    brokers: [bootstrap],
    clientId: 'cases',
    partitions: 12,
    registryUrl,
    linkKey: Buffer.alloc(32, 7),
    createTopics: true,
    topicPrefix: 'cases.',
  });
  try {
    expect(timeless(await decideOnLog(log, set))).toEqual(timeless(await decideSet(set)));
  } finally {
    await log.close();
  }
}, 240_000);
