import { MemoryLog } from '@estop/log/memory-log';
import { partitionOfKey } from '@estop/log/partitioner';
import { initialState } from '@estop/policy/domain/state';
import type { Command, SliceAsk } from '@estop/schemas/messages';
import { expect, it } from 'vitest';
import { readInput } from '../../src/process/inputs.ts';

const log = new MemoryLog({ partitions: 2 });
const ASK = { kind: 'budget', limitId: 'all', windowStart: 0, windowMs: 0, sequence: 1 };
const WISH = { need: 1, least: 1, returned: 0, uses: [], answersRecall: false };

function ask(partition: number) {
  const body = { type: 'RequestSlice', ask: { ...ASK, ...WISH, partition } as unknown as SliceAsk };
  const about = { commandId: 'c', subject: 'limit:all', by: 'service:policy', reason: null };
  const value = log.codec('commands.v1').encode({ ...about, body } as Command);
  const place = { partition: partitionOfKey('all', 2), offset: 0, timestampMs: 0, headers: {} };
  const stored = { ...place, topic: 'commands.v1', key: 'limit:all', value } as const;
  return readInput({ log, state: initialState(0), fleet: null }, stored);
}

it.each([2, -1, 2 ** 31 - 1])('takes no ask of partition %i, which there is not', (partition) => {
  expect(ask(partition)).toMatchObject({ ok: false, reason: 'malformed' });
});

it('takes the asks of partitions that there are', () => {
  expect([0, 1].map((partition) => ask(partition).ok)).toEqual([true, true]);
});
