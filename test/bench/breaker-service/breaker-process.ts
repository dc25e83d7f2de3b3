/**
 * One breaker process of a benchmark. Answers each message with the partitions it watches, the records
 * it has watched, and the processor time it took since the message before.
 */
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import { startWatching, type Watching } from './watching.ts';

/** What a breaker process says of itself. */
export interface Report {
  readonly partitions: number;
  readonly records: number;
  readonly cpuMs: number;
}

const { kafka } = JSON.parse(process.argv[2] ?? '{}');
let watching: Watching | undefined;
let usage = process.cpuUsage();
process.on('message', async () => {
  const { user, system } = process.cpuUsage(usage);
  usage = process.cpuUsage();
  const report: Report = {
    partitions: watching?.begun().size ?? 0,
    records: (await watching?.records()) ?? 0,
    cpuMs: (user + system) / 1_000,
  };
  process.send?.(report);
});
const log = await openKafkaLog({ ...kafka, linkKey: Buffer.alloc(32, 7) });
watching = await startWatching(log);
