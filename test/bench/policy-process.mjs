/**
 * One policy process of a benchmark, on the built files. Answers each message with the partitions it
 * owns and the processor time it took since the message before.
 */
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import { checkFleet } from '@estop/policy/adapters/fleet/check-fleet';
import { compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import { startPolicy } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import { Registry } from 'prom-client';

const { kafka, agents } = JSON.parse(process.argv[2]);
let policy;
let usage = process.cpuUsage();
process.on('message', () => {
  const { user, system } = process.cpuUsage(usage);
  usage = process.cpuUsage();
  process.send({ partitions: policy?.partitions().length ?? 0, cpuMs: (user + system) / 1_000 });
});
const log = await openKafkaLog({ ...kafka, linkKey: Buffer.alloc(32, 7) });
policy = await startPolicy({
  log,
  loadFleet,
  clock: systemClock,
  logger: createMemoryLogger('error').logger,
  registry: new Registry(),
  version: 'bench',
});

/** The fleet of the log, as if it had more agents than its files list. */
async function loadFleet(files) {
  const checked = await checkFleet(files);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const [pattern] = checked.bundle.agents;
  const all = Array.from({ length: agents }, (_, index) => ({ ...pattern, id: `agent-${index}` }));
  return compileFleet({ ...checked.bundle, agents: all });
}
