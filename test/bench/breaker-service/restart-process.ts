/**
 * One breaker process of the restart benchmark: takes all partitions over, and says when it had read
 * all there is. With `intents`, a decider beside it first makes that many records to watch.
 */
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import { appendIntents, decideAll } from '../log-to-log.ts';
import { SHADOW } from './shadow.ts';
import { startWatching } from './watching.ts';

const options = JSON.parse(process.argv[2] ?? '{}');
const { embedded, kafka, agents, intents, from, end, forgets } = options;
const loadedMs = performance.now();
const linkKey = Buffer.alloc(32, 7);
const log = embedded ? await openEmbeddedLog(embedded) : await openKafkaLog({ ...kafka, linkKey });
if (forgets) {
  for (let partition = 0; partition < log.partitions; partition += 1) {
    await log.append('breakers.v1', partition, [{ key: '/position', value: null }]);
  }
}
const openedMs = performance.now();
const watching = await startWatching(log);
await watching.watched();
const watchedMs = performance.now();
if (intents > 0) {
  await appendIntents(log, intents, agents, from);
  await decideAll(log, intents, { agents, files: SHADOW });
}
await watching.caughtUp();
const caughtUpMs = performance.now();
const { user, system } = process.cpuUsage();
const times = { loadedMs, openedMs, watchedMs, caughtUpMs, cpuMs: (user + system) / 1_000 };
const rounded = Object.entries(times).map(([name, ms]) => [name, Math.round(ms)]);
const start = {
  ...Object.fromEntries(rounded),
  records: await watching.records(),
  rebuilds: await watching.rebuilds(),
  rssMib: Math.round(process.memoryUsage().rss / 2 ** 20),
};
process.stdout.write(`${JSON.stringify(start)}\n`);
if (end === 'killed') process.kill(process.pid, 'SIGKILL');
await watching.close();
await log.close();
