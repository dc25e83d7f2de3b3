/** Shared by the log-to-log benchmarks: intents in, all of them decided, on any log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog, NewRecord } from '@estop/log/port';
import { type CheckedBundle, checkFleet } from '@estop/policy/adapters/fleet/check-fleet';
import { compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import { startPolicy } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { AgentId } from '@estop/schemas/ids';
import type { Intent } from '@estop/schemas/messages';
import type { Topic } from '@estop/schemas/topics';
import { Registry } from 'prom-client';
import { benchFleet, PRIVATE_LIMITS } from './bench-fleet.ts';

const BATCH = 500;
const AGENTS = 60;
const POLL_MS = 10;

/** Appends intents of many agents over all partitions. */
export async function appendIntents(
  log: EventLog,
  count: number,
  agents = AGENTS,
  from = 0,
): Promise<void> {
  const codec = log.codec('intents.v1');
  const batches = new Map<number, NewRecord[]>();
  for (let index = from; index < from + count; index += 1) {
    const intent = intentOf(index, agents);
    const partition = partitionOfKey(intent.agentId, log.partitions);
    const batch = batches.get(partition) ?? [];
    batch.push({ key: intent.agentId, value: codec.encode(intent) });
    batches.set(partition, batch);
    if (batch.length < BATCH) continue;
    batches.delete(partition);
    await log.append('intents.v1', partition, batch);
  }
  for (const [partition, batch] of batches) await log.append('intents.v1', partition, batch);
}

/**
 * Decides everything; answers decisions a second, from the takeover to the last one published. Only
 * ends are asked for: to read what is written, as its readers do elsewhere, would take a tenth of the
 * thread that is measured.
 */
export async function decideAll(
  log: EventLog,
  count: number,
  { agents = AGENTS, isClosed = true, limits = PRIVATE_LIMITS, files = {} } = {},
): Promise<number> {
  const bundle = await activateFleet(log, agents, limits, files);
  const starting = startPolicy({
    log,
    loadFleet: () => compileFleet(bundle),
    clock: systemClock,
    logger: createMemoryLogger('error').logger,
    registry: new Registry(),
    version: 'bench',
  });
  const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
  // A partition writes one record when it is taken over, and only then reads its first input.
  await Promise.race(
    partitions.map((partition) => untilEnd(log, 'audit.v1', { partition, end: 1 })),
  );
  const startedMs = performance.now();
  const policy = await starting;
  for (const partition of partitions) {
    const end = await log.endOffset('intents.v1', partition);
    await untilEnd(log, 'decisions.v1', { partition, end });
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  if (isClosed) await policy.close();
  return count / seconds;
}

async function untilEnd(
  log: EventLog,
  topic: Topic,
  { partition, end }: { readonly partition: number; readonly end: number },
): Promise<void> {
  while ((await log.endOffset(topic, partition)) < end) await sleep(POLL_MS);
}

/** Writes the fleet to the log; answers it with so many agents. */
export async function activateFleet(
  log: EventLog,
  agents: number,
  limits = PRIVATE_LIMITS,
  more: Readonly<Record<string, string>> = {},
): Promise<CheckedBundle> {
  const files = new Map([...benchFleet(AGENTS, limits), ...Object.entries(more)]);
  const checked = await checkFleet(files);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const { hash } = checked.bundle;
  const codec = log.codec('policies.v1');
  const content = { hash, files: Object.fromEntries(files), by: 'bench' };
  await log.append('policies.v1', 0, [
    { key: hash, value: codec.encode(content) },
    { key: 'active', value: codec.encode({ ...content, files: null }) },
  ]);
  return withAgents(checked.bundle, agents);
}

/** As if the fleet had more agents than its files list. */
function withAgents(bundle: CheckedBundle, count: number): CheckedBundle {
  const [pattern] = bundle.agents;
  if (pattern === undefined || count <= bundle.agents.length) return bundle;
  const names = Array.from({ length: count }, (_, index) => `agent-${index}`);
  return { ...bundle, agents: names.map((id) => ({ ...pattern, id: id as AgentId })) };
}

function intentOf(index: number, agents: number): Intent {
  const args = {
    amountMicroUsd: index % 1_000,
    id: `order-${index}`,
    note: 'a line of text as agents write',
  };
  return {
    intentId: `intent-${index}` as Intent['intentId'],
    agentId: `agent-${index % agents}` as Intent['agentId'],
    sessionId: `session-${index % 500}` as Intent['sessionId'],
    tool: `tool.${index % 20}` as Intent['tool'],
    arguments: JSON.stringify(args),
    reason: 'the customer asked for it in the ticket',
    task: null,
    tokens: 900,
    microUsd: null,
    provenance: { '/id': 'user' },
    undo: null,
    proposedBy: null,
    point: null,
  };
}
