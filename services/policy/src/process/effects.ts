/**
 * What leaves a partition once its audit records are proven: decisions, views, dead letters. Each
 * is idempotent by its key and position, so that at-least-once is enough.
 */
import {
  APPEND_RECORDS_MAX,
  type EventLog,
  type NewRecord,
  type StoredRecord,
} from '@estop/log/port';
import type { SubjectId } from '@estop/schemas/ids';
import type { AgentView, DeadLetterReason, Decision } from '@estop/schemas/messages';

const DEAD_VALUE_MAX_BYTES = 256 * 1024;

export interface Effects {
  readonly decisions: Decision[];
  readonly deadLetters: DeadInput[];
  /** Subjects whose view changed, with the position of the newest record about them. */
  readonly changed: Map<SubjectId, number>;
}

export interface DeadInput {
  readonly stored: StoredRecord;
  readonly reason: DeadLetterReason;
  readonly detail: string;
}

export function noEffects(): Effects {
  return { decisions: [], deadLetters: [], changed: new Map() };
}

export async function publishDecisions(
  log: EventLog,
  partition: number,
  decisions: readonly Decision[],
): Promise<void> {
  const codec = log.codec('decisions.v1');
  const records = decisions.map((decision) => {
    return { key: decision.agentId, value: codec.encode(decision) };
  });
  await appendChunks(log, { topic: 'decisions.v1', partition }, records);
}

export async function publishViews(
  log: EventLog,
  partition: number,
  views: readonly AgentView[],
): Promise<void> {
  const codec = log.codec('agents.v1');
  const records = views.map((view) => ({ key: view.subject, value: codec.encode(view) }));
  await appendChunks(log, { topic: 'agents.v1', partition }, records);
}

export async function publishDeadLetters(
  log: EventLog,
  deadInputs: readonly DeadInput[],
): Promise<void> {
  const codec = log.codec('dead-letters.v1');
  const records = deadInputs.map(({ stored, reason, detail }) => {
    const { topic, partition, offset, timestampMs: at } = stored;
    const key = Buffer.from(stored.key, 'utf8');
    const value = (stored.value ?? Buffer.alloc(0)).subarray(0, DEAD_VALUE_MAX_BYTES);
    const letter = { topic, partition, offset, reason, detail, key, value, at };
    return { key: `${topic}/${partition}/${offset}`, value: codec.encode(letter) };
  });
  await appendChunks(log, { topic: 'dead-letters.v1', partition: 0 }, records);
}

async function appendChunks(
  log: EventLog,
  to: {
    readonly topic: 'decisions.v1' | 'agents.v1' | 'dead-letters.v1';
    readonly partition: number;
  },
  records: readonly NewRecord[],
): Promise<void> {
  for (let at = 0; at < records.length; at += APPEND_RECORDS_MAX) {
    await log.append(to.topic, to.partition, records.slice(at, at + APPEND_RECORDS_MAX));
  }
}
