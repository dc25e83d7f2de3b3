import { GroupMember, type GroupMemberOptions } from '@estop/log/kafka/group-member';
import kafkajs from 'kafkajs';
import { expect, it } from 'vitest';

const SESSION_MS = 30_000;

it('gives its partitions up when a heartbeat hung for all of the session, and asks nobody first', async () => {
  let nowMs = 0;
  let asked = 0;
  const assignment = { version: 1, assignment: { intents: [0] }, userData: Buffer.alloc(0) };
  const broker = {
    joinGroup: async () => ({ generationId: 1, memberId: 'm', leaderId: 'other', members: [] }),
    syncGroup: async () => ({
      memberAssignment: kafkajs.AssignerProtocol.MemberAssignment.encode(assignment),
    }),
    heartbeat: async () => {
      nowMs += SESSION_MS;
      throw new Error('no answer');
    },
    leaveGroup: async () => undefined,
  };
  const cluster = {
    connect: async () => {
      asked += 1;
    },
    refreshMetadata: async () => undefined,
    findGroupCoordinator: async () => broker,
  };
  const askedBefore: number[] = [];
  const member = new GroupMember({
    ...{ cluster, leaveBy: cluster, group: 'policy', names: ['intents'], partitions: 1 },
    ...{ clock: { wallMs: () => nowMs, monotonicMs: () => nowMs }, note: null },
    ...{ sessionTimeoutMs: SESSION_MS, onAssigned: () => undefined, onClientLog: undefined },
    onRevoked: async () => {
      askedBefore.push(asked);
    },
  } as unknown as GroupMemberOptions);
  await expect.poll(() => askedBefore, { timeout: 10_000 }).not.toEqual([]);
  await member.close();
  expect(askedBefore[0]).toBe(0);
});
