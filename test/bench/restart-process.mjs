/**
 * One policy process of the restart benchmark: opens the log, takes all partitions over, and says
 * when it had decided one intent in each. Plain JavaScript on the built files, as it is deployed.
 */
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import { partitionOfKey } from '@estop/log/partitioner';
import { checkFleet } from '@estop/policy/adapters/fleet/check-fleet';
import { compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import { startPolicy } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import { Registry } from 'prom-client';

/** How to open the log, how many agents the fleet has, and how to end. */
const { embedded, kafka, agents, end } = JSON.parse(process.argv[2]);
const loadedMs = performance.now();
const log = embedded ? await openEmbeddedLog(embedded) : await openKafkaLog(withKey(kafka));
const openedMs = performance.now();
const probes = new Map(
  Array.from({ length: log.partitions }, (_, partition) => {
    return [`probe-${partition}-${process.pid}`, partition];
  }),
);
const followers = await followProbes();
const { logger, lines } = createMemoryLogger('info');
const policy = await startPolicy({
  log,
  loadFleet,
  clock: systemClock,
  logger,
  registry: new Registry(),
  version: 'bench',
});
const joinedMs = performance.now();
await appendProbes();
await followers.decided;
const servingMs = performance.now();
const { user, system } = process.cpuUsage();
const folded = lines
  .map((line) => JSON.parse(line))
  .reduce((sum, { folded = 0 }) => sum + folded, 0);
const rounded = Object.fromEntries(
  Object.entries({ loadedMs, openedMs, joinedMs, servingMs, cpuMs: (user + system) / 1_000 }).map(
    ([name, ms]) => {
      return [name, Math.round(ms)];
    },
  ),
);
const rssMib = Math.round(process.memoryUsage().rss / 2 ** 20);
process.stdout.write(`${JSON.stringify({ ...rounded, folded, rssMib })}\n`);
if (end === 'killed') process.kill(process.pid, 'SIGKILL');
await policy.close();
await log.close();

function withKey(config) {
  return { ...config, linkKey: Buffer.alloc(32, 7) };
}

/** The fleet of the log, as if it had more agents than its files list. */
async function loadFleet(files) {
  const checked = await checkFleet(files);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const [pattern] = checked.bundle.agents;
  const all = Array.from({ length: agents }, (_, index) => ({ ...pattern, id: `agent-${index}` }));
  return compileFleet({ ...checked.bundle, agents: all });
}

async function followProbes() {
  let done;
  const decided = new Promise((resolve) => {
    done = resolve;
  });
  const waiting = new Set(probes.keys());
  await log.follow({
    sources: [...probes.values()].map((partition) => {
      return { topic: 'decisions.v1', partition, from: 'end' };
    }),
    onBatch(records) {
      for (const { value } of records) {
        const { intentId, decision } = log.codec('decisions.v1').decode(value);
        if (waiting.has(intentId) && decision !== 'allow') throw new Error(`denied: ${intentId}`);
        waiting.delete(intentId);
      }
      if (waiting.size === 0) done();
    },
    onFailure(error) {
      throw error;
    },
  });
  return { decided };
}

async function appendProbes() {
  for (const [intentId, partition] of probes) {
    const agentId = agentOf(partition);
    const args = JSON.stringify({ amountMicroUsd: 1, id: 'probe' });
    const intent = { intentId, agentId, sessionId: null, tool: 'tool.1', arguments: args };
    const rest = { reason: null, task: null, tokens: 1, microUsd: null, provenance: {} };
    const value = log
      .codec('intents.v1')
      .encode({ ...intent, ...rest, undo: null, proposedBy: null });
    await log.append('intents.v1', partition, [{ key: agentId, value }]);
  }
}

function agentOf(partition) {
  for (let index = 0; ; index += 1) {
    const agentId = `agent-${index}`;
    if (partitionOfKey(agentId, log.partitions) === partition) return agentId;
  }
}
