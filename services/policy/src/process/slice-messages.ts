/** What partitions say to each other about shared limits, as commands on the log. */
import { partitionOfKey } from '@estop/log/partitioner';
import type { Batch, EventLog, NewRecord } from '@estop/log/port';
import { limitSubject, parseCommandId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import { POLICY_SERVICE } from '../domain/people.ts';
import { addressOf, type SliceBody } from '../domain/shared/messages.ts';

/** The partition of a message: the home of a limit is the partition of its id. */
export function addressedPartition(log: Pick<EventLog, 'partitions'>, body: SliceBody): number {
  const { limitId, partition } = addressOf(body);
  return partition === 'home' ? partitionOfKey(limitId, log.partitions) : partition;
}

/** One batch for each partition that is addressed, each in the order given. */
export function sliceBatches(
  log: EventLog,
  from: number,
  bodies: readonly SliceBody[],
): readonly Batch[] {
  const recordsByPartition = new Map<number, NewRecord[]>();
  const codec = log.codec('commands.v1');
  for (const body of bodies) {
    const subject = limitSubject(addressOf(body).limitId);
    const command = {
      commandId: commandIdOf(from, body),
      subject,
      by: POLICY_SERVICE,
      reason: null,
    };
    const record = { key: subject, value: codec.encode({ ...command, body }) };
    const partition = addressedPartition(log, body);
    const records = recordsByPartition.get(partition);
    if (records === undefined) recordsByPartition.set(partition, [record]);
    else records.push(record);
  }
  return [...recordsByPartition].map(([partition, records]) => {
    return { topic: 'commands.v1', partition, records };
  });
}

/** Names the message for people who read the topic; partitions tell repeats apart by sequence. */
function commandIdOf(from: number, body: SliceBody) {
  const { limitId } = addressOf(body);
  const sequence =
    body.type === 'RequestSlice'
      ? body.ask.sequence
      : body.type === 'GrantSlice'
        ? body.answer.sequence
        : body.windowStart;
  const commandId = parseCommandId(`${body.type}:${limitId}:${from}:${sequence}`);
  invariant(commandId !== undefined, 'ids of limits and numbers make a command id');
  return commandId;
}

/** Whether there is a partition of each number that a message names: its answers go there. */
export function namesPartitions(log: EventLog, body: SliceBody): boolean {
  return partitionsIn(body).every((partition) => {
    return Number.isInteger(partition) && partition >= 0 && partition < log.partitions;
  });
}

function partitionsIn(body: SliceBody): readonly number[] {
  switch (body.type) {
    case 'RequestSlice':
      return [body.ask.partition];
    case 'GrantSlice':
      return [body.answer.partition];
    case 'RecallSlice':
      return [body.partition, body.requester];
    case 'OfferSlice':
      return [body.partition];
  }
}
