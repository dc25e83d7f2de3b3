/** Joins a group of a log on Kafka, says so with a line when it owns all partitions, and stays. */
import { openKafkaLog } from '@estop/log/kafka/kafka-log';

const { group, linkKey, ...config } = JSON.parse(process.argv[2] ?? '{}');
const log = await openKafkaLog({ ...config, linkKey: Buffer.from(linkKey) });
let owned = 0;
await log.join({
  group,
  inputs: ['intents.v1'],
  async run({ signal }) {
    owned += 1;
    if (owned === log.partitions) process.stdout.write('all\n');
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
  },
  onFailure: () => undefined,
});
