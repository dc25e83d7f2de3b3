/** What the checker is given: the bytes of the topics, and what the outside saw. Nothing else. */

/** One record as a broker gave it. */
export interface RawRecord {
  readonly partition: number;
  readonly offset: number;
  /** When the broker stamped it, ms. */
  readonly timestampMs: number;
  readonly key: string;
  readonly value: Buffer | null;
}

/** Topics whose records are inputs of the decider, or what it wrote. */
export const CHECKED_TOPICS = [
  'intents.v1',
  'outcomes.v1',
  'commands.v1',
  'audit.v1',
  'decisions.v1',
  'dead-letters.v1',
] as const;
export type CheckedTopic = (typeof CHECKED_TOPICS)[number];

/** A decision that an agent was given. */
export interface Acknowledged {
  readonly agentId: string;
  readonly intentId: string;
  readonly decision: string;
  readonly reason: string;
  readonly record: { readonly partition: number; readonly offset: number };
  readonly answeredAtMs: number;
}

/** A ceiling as the fleet folder states it; the checker does not read that file. */
export interface BudgetRule {
  readonly id: string;
  readonly unit: 'calls' | 'microUsd';
  readonly ceiling: number;
  /** Length of the windows it counts in, aligned to UTC; null: one for the lifetime. */
  readonly windowMs: number | null;
  /** One counter for each agent, or one that all share. */
  readonly holder: 'agent' | 'shared';
  readonly tools: readonly string[];
}

/** What `estop verify` said of one partition. */
export interface StateVerdict {
  readonly partition: number;
  /** SHA-256 of the state that decides; null: nobody who decides it was asked. */
  readonly liveHash: string | null;
  /** SHA-256 of the state rebuilt from the log by a process that has never decided. */
  readonly rebuiltHash: string;
}

export interface InputPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A time in which too few brokers lived to acknowledge anything. */
export interface Outage {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface History {
  readonly records: Readonly<Record<CheckedTopic, readonly RawRecord[]>>;
  readonly acknowledged: readonly Acknowledged[];
  readonly budgets: readonly BudgetRule[];
  readonly states: readonly StateVerdict[];
  readonly poison: readonly InputPosition[];
  readonly outages: readonly Outage[];
  readonly partitions: number;
}

/** Something that must never be, and where it was found. */
export interface Violation {
  readonly rule: string;
  readonly place: string;
  readonly text: string;
}

export function placeOf({ topic, partition, offset }: InputPosition): string {
  return `${topic}/${partition}@${offset}`;
}
