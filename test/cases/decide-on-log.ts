/** Decides a recorded set as Avro records on a log: intents.v1 in, decisions.v1 out. */
import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog, NewRecord } from '@estop/log/port';
import { checkFleet } from '@estop/policy/adapters/fleet/check-fleet';
import { compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import { startPolicy } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { Decision } from '@estop/schemas/messages';
import { Registry } from 'prom-client';
import { fleetFiles, intentLines } from './convert.ts';
import { intentOf } from './decide.ts';
import type { RecordedSet } from './recorded.ts';
import type { DecisionLine } from './score.ts';

const BATCH = 500;

export async function decideOnLog(
  log: EventLog,
  set: RecordedSet,
): Promise<readonly DecisionLine[]> {
  const files = fleetFiles(set);
  const checked = await checkFleet(files);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  await activate(log, checked.bundle.hash, files);
  const decisionById = new Map<string, Decision>();
  const lines = intentLines(set);
  let finish: (error?: unknown) => void = () => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = (error) => (error === undefined ? resolve() : reject(error));
  });
  const follower = await log.follow({
    sources: Array.from({ length: log.partitions }, (_, partition) => {
      return { topic: 'decisions.v1', partition, from: 'end' } as const;
    }),
    async onBatch(records) {
      await log.learnSchemas(records);
      for (const { value } of records) {
        if (value === null) continue;
        const decision = log.codec('decisions.v1').decode(value);
        decisionById.set(decision.intentId, decision);
      }
      if (decisionById.size >= lines.length) finish();
    },
    onFailure: finish,
  });
  const policy = await startPolicy({
    log,
    loadFleet: () => compileFleet(checked.bundle),
    clock: systemClock,
    logger: createMemoryLogger('error').logger,
    registry: new Registry(),
    version: 'cases',
  });
  try {
    await appendIntents(log, set);
    await finished;
  } finally {
    await policy.close();
    await follower.close();
  }
  return lines.flatMap(({ id }) => {
    const found = decisionById.get(id);
    if (found === undefined) return [];
    const { decision, reason, rules, at } = found;
    return [{ id, decision, reason, rules, at }];
  });
}

async function activate(
  log: EventLog,
  hash: Decision['policyHash'] & string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const codec = log.codec('policies.v1');
  const content = { hash, files: Object.fromEntries(files), by: 'cases' };
  await log.append('policies.v1', 0, [{ key: hash, value: codec.encode(content) }]);
  const active = { ...content, files: null };
  await log.append('policies.v1', 0, [{ key: 'active', value: codec.encode(active) }]);
}

async function appendIntents(log: EventLog, set: RecordedSet): Promise<void> {
  const codec = log.codec('intents.v1');
  const waiting = new Map<number, NewRecord[]>();
  const flush = async (partition: number) => {
    const batch = waiting.get(partition) ?? [];
    waiting.delete(partition);
    if (batch.length > 0) await log.append('intents.v1', partition, batch);
  };
  for (const line of intentLines(set)) {
    const intent = intentOf(line);
    const partition = partitionOfKey(intent.agentId, log.partitions);
    const batch = waiting.get(partition) ?? [];
    waiting.set(partition, batch);
    batch.push({ key: intent.agentId, value: codec.encode(intent) });
    if (batch.length === BATCH) await flush(partition);
  }
  for (const partition of [...waiting.keys()]) await flush(partition);
}
