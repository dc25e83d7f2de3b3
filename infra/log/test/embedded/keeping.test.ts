import type { NewRecord } from '@estop/log/port';
import { createTestClock } from '@estop/runtime/test-clock';
import { TOPICS } from '@estop/schemas/topics';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestFolder, readAll, type TestFolder } from './test-folder.ts';

const DAY_MS = 86_400_000;
const RETENTION_MS = TOPICS['intents.v1'].retentionMs;

let folder: TestFolder;

beforeEach(() => {
  folder = createTestFolder();
});

afterEach(() => folder.dispose());

function batch(count: number, text = 'x'): NewRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `k${index}`,
    value: Buffer.from(`${text}${index}`),
  }));
}

describe('what the embedded log keeps', () => {
  it('removes what is older than its topic keeps, and reads on at the first that is left', async () => {
    const clock = createTestClock();
    const log = await folder.open({ clock, retentionPauseMs: 5 });
    for (let at = 0; at < 5; at += 1) await log.append('intents.v1', 0, batch(500));
    clock.advance(RETENTION_MS);
    await log.append('intents.v1', 0, batch(3, 'new'));
    await log.append('audit.v1', 0, batch(3));
    clock.advance(1);
    await vi.waitFor(async () => expect(await log.startOffset('intents.v1', 0)).toBe(2_500));
    expect((await readAll(log, 'intents.v1')).map(({ offset }) => offset)).toEqual([
      2_500, 2_501, 2_502,
    ]);
    clock.advance(100 * RETENTION_MS);
    await vi.waitFor(async () => expect(await log.startOffset('intents.v1', 0)).toBe(2_503));
    expect(await readAll(log, 'audit.v1')).toHaveLength(3);
  });

  it('goes on with the same offsets when everything of a partition was removed', async () => {
    const clock = createTestClock();
    const before = await folder.open({ clock, retentionPauseMs: 5 });
    await before.append('intents.v1', 0, batch(7));
    clock.advance(RETENTION_MS + 1);
    await vi.waitFor(async () => expect(await before.startOffset('intents.v1', 0)).toBe(7));
    const log = await folder.open({ clock });
    expect(await log.startOffset('intents.v1', 0)).toBe(7);
    expect((await log.append('intents.v1', 0, batch(1))).baseOffset).toBe(7);
  });

  it('keeps the newest record of each key of a compacted topic, at its offset', async () => {
    const before = await folder.open();
    await before.append('agents.v1', 0, [...batch(3, 'old'), ...batch(2, 'newer')]);
    await before.append('agents.v1', 0, batch(1, 'newest'));
    const log = await folder.open();
    const kept = await readAll(log, 'agents.v1');
    expect(kept.map(({ offset, key, value }) => [offset, key, value?.toString()])).toEqual([
      [2, 'k2', 'old2'],
      [4, 'k1', 'newer1'],
      [5, 'k0', 'newest0'],
    ]);
    expect((await log.append('agents.v1', 0, batch(1))).baseOffset).toBe(6);
    expect((await readAll(log, 'agents.v1')).map(({ offset }) => offset)).toEqual([2, 4, 6]);
  });

  it('shows a tombstone for a day and then forgets it, but no key that came back', async () => {
    const clock = createTestClock();
    const before = await folder.open({ clock });
    const gone = ['k0', 'k1'].map((key) => ({ key, value: null }));
    await before.append('agents.v1', 0, [...batch(3), ...gone]);
    await before.append('agents.v1', 0, [{ key: 'k1', value: Buffer.from('again') }]);
    const states = (records: Awaited<ReturnType<typeof readAll>>) =>
      records.map(({ key, value }) => [key, value?.toString() ?? null]);
    const log = await folder.open({ clock, retentionPauseMs: 5 });
    const shown = [
      ['k2', 'x2'],
      ['k0', null],
      ['k1', 'again'],
    ];
    expect(states(await readAll(log, 'agents.v1'))).toEqual(shown);
    clock.advance(DAY_MS + 1);
    await vi.waitFor(async () => {
      expect(states(await readAll(log, 'agents.v1'))).toEqual(shown.filter(([, text]) => text));
    });
    expect(await log.endOffset('agents.v1', 0)).toBe(6);
  });

  it('keeps the end of a compacted partition whose last record was a tombstone', async () => {
    const clock = createTestClock();
    await (await folder.open({ clock })).append('agents.v1', 0, [{ key: 'k', value: null }]);
    clock.advance(DAY_MS + 1);
    const before = await folder.open({ clock, retentionPauseMs: 5 });
    await vi.waitFor(async () => expect(await readAll(before, 'agents.v1')).toEqual([]));
    expect((await (await folder.open()).append('agents.v1', 0, batch(1))).baseOffset).toBe(1);
  });

  it('never stamps an earlier time than before, also when the clock was set back', async () => {
    const clock = createTestClock();
    const before = await folder.open({ clock });
    const { timestampMs } = await before.append('intents.v1', 0, batch(1));
    clock.setWall(timestampMs - DAY_MS);
    const log = await folder.open({ clock });
    expect((await log.append('audit.v1', 0, batch(1))).timestampMs).toBe(timestampMs);
  });

  it('remembers the offsets that groups committed', async () => {
    const before = await folder.open();
    await before.append('commands.v1', 0, batch(2));
    const membership = await before.join({
      group: 'g',
      inputs: ['commands.v1'],
      async run(assignment) {
        if (assignment.partition === 0) assignment.commit(new Map([['commands.v1', 1]]));
        await new Promise((resolve) => assignment.signal.addEventListener('abort', resolve));
      },
      onFailure: (_partition, error) => expect.unreachable(String(error)),
    });
    await membership.close();
    const log = await folder.open();
    expect(await log.lag('g')).toEqual([
      { topic: 'commands.v1', partition: 0, committedOffset: 1, endOffset: 2 },
    ]);
    expect(await log.lag('another')).toEqual([]);
  });
});
