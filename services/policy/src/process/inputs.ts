/** From a stored record to an input of the decider: who wrote it, what it says, or why it is dead. */

import { partitionOfKey } from '@estop/log/partitioner';
import type { EventLog, StoredRecord } from '@estop/log/port';
import { intentDigest } from '@estop/schemas/digest';
import { EstopError, messageOf } from '@estop/schemas/errors';
import { parseSubject } from '@estop/schemas/ids';
import type { DeadLetterReason } from '@estop/schemas/messages';
import type { Topic } from '@estop/schemas/topics';
import type { Answer, Input } from '../domain/input.ts';
import { isSliceBody } from '../domain/shared/messages.ts';
import type { PartitionState } from '../domain/state.ts';
import { isSignedByAgent, type KeyContext } from './agent-keys.ts';
import { addressedPartition, namesPartitions } from './slice-messages.ts';

/** The topics an agent-keyed partition takes its inputs from. */
export const INPUT_TOPICS = ['intents.v1', 'outcomes.v1', 'commands.v1'] as const;
type InputTopic = (typeof INPUT_TOPICS)[number];

export type ReadInput =
  | { readonly ok: true; readonly input: Input }
  | { readonly ok: false; readonly reason: DeadLetterReason; readonly detail: string };

export interface InputContext extends KeyContext {
  readonly log: EventLog;
}

/** Decodes and authenticates one record of an input topic. Never throws for what it holds. */
export function readInput(context: InputContext, stored: StoredRecord): ReadInput {
  const { topic } = stored;
  if (!isInputTopic(topic)) return dead('malformed', `${topic} is no input topic`);
  const decoded = decode(context.log, stored, topic);
  if (!decoded.ok) return decoded;
  const { key, input } = decoded;
  if (key !== stored.key) return dead('malformed', 'the record key is not its subject');
  const body = input.type === 'command' ? input.command.body : undefined;
  if (body !== undefined && isSliceBody(body) && !namesPartitions(context.log, body)) {
    return dead('malformed', 'it names a partition that there is not');
  }
  if (partitionOf(context.log, key, input) !== stored.partition) {
    return dead('malformed', 'the record is in another partition than its key');
  }
  if (!context.log.isLinked(stored) && !isSigned(context, stored, input)) {
    return dead('unauthenticated', 'no link or signature of a known writer');
  }
  return { ok: true, input };
}

/** Where an input belongs: with its agent or person, or with who is addressed about a shared limit. */
function partitionOf(log: EventLog, key: string, input: Input): number {
  const body = input.type === 'command' ? input.command.body : undefined;
  if (body !== undefined && isSliceBody(body)) return addressedPartition(log, body);
  const subject = parseSubject(key);
  return partitionOfKey(subject?.kind === 'limit' ? subject.id : key, log.partitions);
}

type Decoded =
  | { readonly ok: true; readonly key: string; readonly input: Input }
  | Extract<ReadInput, { readonly ok: false }>;

function decode(log: EventLog, { value }: StoredRecord, topic: InputTopic): Decoded {
  if (value === null) return dead('malformed', 'a record without value');
  try {
    switch (topic) {
      case 'intents.v1': {
        const intent = log.codec(topic).decode(value);
        const digest = intentDigest(intent.agentId, intent.tool, intent.arguments);
        return { ok: true, key: intent.agentId, input: { type: 'intent', intent, digest } };
      }
      case 'outcomes.v1': {
        const outcome = log.codec(topic).decode(value);
        return { ok: true, key: outcome.agentId, input: { type: 'outcome', outcome } };
      }
      case 'commands.v1': {
        const command = log.codec(topic).decode(value);
        return { ok: true, key: command.subject, input: { type: 'command', command } };
      }
    }
  } catch (error) {
    const isUnknown = error instanceof EstopError && error.code === 'schema-unknown';
    return dead(isUnknown ? 'unknown-schema' : 'malformed', messageOf(error));
  }
}

/** Agents that write themselves sign their intents and outcomes; nobody signs commands. */
function isSigned(context: InputContext, stored: StoredRecord, input: Input): boolean {
  if (input.type === 'intent') return isSignedByAgent(context, stored, input.intent.agentId);
  if (input.type === 'outcome') return isSignedByAgent(context, stored, input.outcome.agentId);
  return false;
}

function isInputTopic(topic: string): topic is InputTopic {
  return INPUT_TOPICS.some((input) => input === topic);
}

function dead(
  reason: DeadLetterReason,
  detail: string,
): Extract<ReadInput, { readonly ok: false }> {
  return { ok: false, reason, detail };
}

/** An input that cannot be decided or written must not stop those behind it; our own errors do. */
export function asDeadLetter(error: unknown): Answer {
  if (error instanceof EstopError && error.code === 'record-too-large') {
    return { kind: 'dead-letter', reason: 'too-large', detail: error.message };
  }
  if (!(error instanceof RangeError)) throw error;
  return { kind: 'dead-letter', reason: 'malformed', detail: 'it is nested too deeply' };
}

/** Where a partition goes on reading. Throws where the log ends before what was decided. */
export async function offsetsToRead(
  log: EventLog,
  { partition, nextOffsetByTopic }: Pick<PartitionState, 'partition' | 'nextOffsetByTopic'>,
): Promise<ReadonlyMap<Topic, number>> {
  const offsets = new Map<Topic, number>();
  for (const topic of INPUT_TOPICS) {
    const wanted = nextOffsetByTopic.get(topic) ?? 0;
    const end = await log.endOffset(topic, partition);
    if (end < wanted) {
      const detail = `${topic} partition ${partition} ends at ${end}, ${wanted} was decided`;
      throw new EstopError('log-truncated', `${detail}: acknowledged records vanished`);
    }
    offsets.set(topic, Math.max(wanted, await log.startOffset(topic, partition)));
  }
  return offsets;
}

/** The next offset per topic after these inputs. */
export function offsetsAfter(inputs: readonly StoredRecord[]): ReadonlyMap<Topic, number> {
  return new Map(inputs.map(({ topic, offset }) => [topic, offset + 1]));
}
