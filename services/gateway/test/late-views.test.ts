/** Views of agents that a writer publishes after the next writer has gone on. */
import { partitionOfKey } from '@estop/log/partitioner';
import type { AgentView } from '@estop/schemas/messages';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, startBench } from './harness.ts';

const BOT = 'crm-bot';

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

/** What a stream tells from now on, until it is ended. */
async function listen(path: string): Promise<{ text(): string; end(): void }> {
  const stop = new AbortController();
  const headers = { authorization: `Bearer ${bench.operatorKey}` };
  const { body } = await fetch(`${bench.url}${path}`, { headers, signal: stop.signal });
  let text = '';
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const piece of body ?? []) text += decoder.decode(piece);
  };
  read().catch(() => undefined);
  return { text: () => text, end: () => stop.abort() };
}

async function newestView(): Promise<AgentView> {
  const partition = partitionOfKey(BOT, bench.log.partitions);
  const bounds = { fromOffset: 0, maxRecords: 1_000 };
  const { records } = await bench.log.read('agents.v1', partition, bounds);
  const value = records.findLast(({ key }) => key === BOT)?.value;
  if (value == null) throw new Error('there is no view');
  return bench.log.codec('agents.v1').decode(value);
}

async function publish(view: AgentView): Promise<void> {
  const value = bench.log.codec('agents.v1').encode(view);
  const partition = partitionOfKey(BOT, bench.log.partitions);
  await bench.log.publish('agents.v1', partition, { key: BOT, value });
}

it('tells neither doors nor watchers that an open breaker is closed, as a late view says', async () => {
  const door = await listen(`/v1/enforcement/stream?point=p1&agent=${BOT}`);
  const watcher = await listen(`/v1/stream?agent=${BOT}`);
  const trip = { reason: 'a test', mode: 'open' };
  await bench.send('POST', `/v1/agents/${BOT}/breaker/trip`, { body: trip });
  await expect.poll(() => door.text()).toContain('"mode":"open"');
  const newest = await newestView();
  const { breaker, at, record } = newest;
  if (breaker === null) throw new Error('it has no breaker');

  const older = { ...record, offset: record.offset - 1 };
  const closed = { ...breaker, mode: 'closed' as const, explanation: 'late' };
  await publish({
    ...newest,
    at: at - 5,
    record: older,
    breaker: { ...closed, since: at - 1_000 },
  });
  const later = { ...breaker, since: (breaker.since ?? at) + 1, explanation: 'the next one' };
  await publish({ ...newest, record: { ...record, offset: record.offset + 1 }, breaker: later });

  await expect.poll(() => door.text()).toContain('the next one');
  await expect.poll(() => watcher.text()).toContain('the next one');
  expect(door.text()).not.toContain('late');
  expect(watcher.text()).not.toContain('late');
  door.end();
  watcher.end();
});
