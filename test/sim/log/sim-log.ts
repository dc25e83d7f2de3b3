/**
 * The log of the simulation: what production relies on of Kafka, in memory and without waiting.
 * Appends stand at the end of their partition and get its stamp; what was appended may be cut off.
 */
import { partitionOfKey } from '@estop/log/partitioner';
import type { Input } from '@estop/policy/domain/input';
import { POLICY_SERVICE } from '@estop/policy/domain/people';
import { addressOf, type SliceBody } from '@estop/policy/domain/shared/messages';
import { type CommandId, limitSubject } from '@estop/schemas/ids';
import type { AuditRecord, Halt } from '@estop/schemas/messages';

export const INPUT_TOPICS = ['intents.v1', 'outcomes.v1', 'commands.v1'] as const;
export type InputTopic = (typeof INPUT_TOPICS)[number];

/** Leaders' clocks differ by so much at most. */
export const CLOCKS_DIFFER_MS = 20;

export interface StoredInput {
  readonly topic: string;
  readonly offset: number;
  readonly timestampMs: number;
  readonly input: Input;
}

export interface AuditEntry {
  readonly value: Buffer;
  readonly decided: DecidedAt;
}

/** What only the simulation knows of a record: when it was decided, and what its process knew then. */
export interface DecidedAt {
  readonly step: number;
  readonly nowMs: number;
  readonly knownHalts: number;
  readonly knowsFleet: boolean;
}

export class SimLog {
  readonly partitions: number;
  readonly audit: AuditEntry[][];
  readonly inputs: Readonly<Record<InputTopic, readonly StoredInput[][]>>;
  readonly halts: StoredInput[] = [];
  readonly fleets: StoredInput[] = [];
  nowMs: number;
  /** How many steps were taken. */
  step = 0;

  constructor(partitions: number, nowMs: number) {
    this.partitions = partitions;
    this.nowMs = nowMs;
    const empty = () => Array.from({ length: partitions }, () => []);
    this.audit = empty();
    this.inputs = { 'intents.v1': empty(), 'outcomes.v1': empty(), 'commands.v1': empty() };
  }

  partitionOf(key: string): number {
    return partitionOfKey(key, this.partitions);
  }

  appendInput(topic: InputTopic, partition: number, input: Input): void {
    const records = at(this.inputs[topic], partition);
    records.push({ topic, offset: records.length, timestampMs: this.#stampMs(partition), input });
  }

  appendHalt(halt: Halt): void {
    this.#appendControl('halts.v1', this.halts, { type: 'halt', halt });
  }

  appendFleet(input: Extract<Input, { readonly type: 'fleet' }>): void {
    this.#appendControl('policies.v1', this.fleets, input);
  }

  /** A message about a shared limit, to the partition it addresses. */
  appendMessage(body: SliceBody): void {
    const { limitId, partition: to } = addressOf(body);
    const partition = to === 'home' ? this.partitionOf(limitId) : to;
    const about = { subject: limitSubject(limitId), by: POLICY_SERVICE, reason: null };
    const command = { commandId: 'slice' as CommandId, ...about, body };
    this.appendInput('commands.v1', partition, { type: 'command', command });
  }

  /** The input that a record answers; undefined for ticks and takeovers. */
  inputOf({ topic, partition, offset }: AuditRecord['cause']): StoredInput | undefined {
    if (topic === 'halts.v1') return this.halts[offset];
    if (topic === 'policies.v1') return this.fleets[offset];
    const own = INPUT_TOPICS.find((one) => one === topic);
    return own === undefined ? undefined : this.inputs[own][partition]?.[offset];
  }

  #appendControl(topic: string, records: StoredInput[], input: Input): void {
    records.push({ topic, offset: records.length, timestampMs: this.nowMs, input });
  }

  /** A stamp may lie before the one of the record ahead of it. */
  #stampMs(partition: number): number {
    return this.nowMs - ((partition * 7 + this.nowMs) % CLOCKS_DIFFER_MS);
  }
}

export function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) throw new RangeError(`nothing at ${index} of ${items.length}`);
  return item;
}
