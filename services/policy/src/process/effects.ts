/**
 * What leaves a partition besides its audit records: decisions, views, dead letters, slices. Each is
 * idempotent by its key and position, so that at-least-once is enough.
 */
import type { Batch, EventLog, NewRecord, StoredRecord } from '@estop/log/port';
import type { SubjectId } from '@estop/schemas/ids';
import type { AgentView, DeadLetterReason, Decision } from '@estop/schemas/messages';
import type { SliceBody } from '../domain/shared/messages.ts';
import { sliceBatches } from './slice-messages.ts';

/** A dead letter fits into its topic whatever it is about. */
const DEAD_VALUE_MAX_BYTES = 256 * 1024;
const DEAD_KEY_MAX_BYTES = 1024;
const DEAD_DETAIL_MAX_CHARS = 4 * 1024;

export interface Effects {
  readonly decisions: Decision[];
  readonly deadLetters: DeadInput[];
  /** To other partitions, about shared limits. */
  readonly messages: SliceBody[];
  /** Subjects whose view changed, with the position of the newest record about them. */
  readonly changed: Map<SubjectId, number>;
}

export interface DeadInput {
  readonly stored: StoredRecord;
  readonly reason: DeadLetterReason;
  readonly detail: string;
}

export function noEffects(): Effects {
  return { decisions: [], deadLetters: [], messages: [], changed: new Map() };
}

/** The batches of one turn: decisions, views and slices of a partition. */
export function effectBatches(
  log: EventLog,
  partition: number,
  effects: {
    readonly decisions: readonly Decision[];
    readonly views: readonly AgentView[];
    readonly messages: readonly SliceBody[];
  },
): readonly Batch[] {
  const decisionCodec = log.codec('decisions.v1');
  const decisions = effects.decisions.map((decision) => {
    return { key: decision.agentId, value: decisionCodec.encode(decision) };
  });
  const viewCodec = log.codec('agents.v1');
  const views = effects.views.map((view) => {
    return { key: view.subject, value: viewCodec.encode(view) };
  });
  const batches: readonly Batch[] = [
    { topic: 'decisions.v1', partition, records: decisions },
    { topic: 'agents.v1', partition, records: views },
    ...sliceBatches(log, partition, effects.messages),
  ];
  return batches.filter(({ records }) => records.length > 0);
}

/** Dead letters of all partitions stand in one. */
export function deadLetterBatches(log: EventLog, dead: readonly DeadInput[]): readonly Batch[] {
  if (dead.length === 0) return [];
  const records = dead.map((one) => deadLetter(log, one));
  return [{ topic: 'dead-letters.v1', partition: 0, records }];
}

function deadLetter(log: EventLog, { stored, reason, detail: text }: DeadInput): NewRecord {
  const { topic, partition, offset, timestampMs: at } = stored;
  const key = Buffer.from(stored.key, 'utf8').subarray(0, DEAD_KEY_MAX_BYTES);
  const detail = text.slice(0, DEAD_DETAIL_MAX_CHARS);
  const value = (stored.value ?? Buffer.alloc(0)).subarray(0, DEAD_VALUE_MAX_BYTES);
  const letter = { topic, partition, offset, reason, detail, key, value, at };
  return {
    key: `${topic}/${partition}/${offset}`,
    value: log.codec('dead-letters.v1').encode(letter),
  };
}
