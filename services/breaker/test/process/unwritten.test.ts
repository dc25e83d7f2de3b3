/** What cannot be written: no order is lost by it, and no agent is left unwatched. */
import { MemoryLog } from '@estop/log/memory-log';
import type { EventLog } from '@estop/log/port';
import type { Topic } from '@estop/schemas/topics';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BreakerRig } from './breaker-rig.ts';

const refused = new Set<Topic>();
let rig: BreakerRig;

beforeEach(() => {
  refused.clear();
  const beforeAppend = (topic: Topic) => {
    if (refused.has(topic)) throw new Error(`no room for ${topic}`);
  };
  rig = new BreakerRig(new MemoryLog({ partitions: 1, beforeAppend }));
});

afterEach(() => rig.stop());

/** A log of which there is always more to come: nobody has ever read it to its end. */
function withoutEnd(log: EventLog): EventLog {
  return new Proxy(log, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name !== 'endOffset') return typeof value === 'function' ? value.bind(target) : value;
      return async (topic: Topic, partition: number) =>
        (await target.endOffset(topic, partition)) + (topic === 'audit.v1' ? 1_000 : 0);
    },
  });
}

async function metric(name: string): Promise<number> {
  const { values } = (await rig.registry.getSingleMetric(name)?.get()) ?? { values: [] };
  return values.reduce((sum, { value }) => sum + value, 0);
}

async function failures(): Promise<true | undefined> {
  return (await metric('estop_breaker_partition_failures_total')) > 0 ? true : undefined;
}

async function orders(): Promise<readonly string[] | undefined> {
  const ids = (await rig.commands()).map(({ commandId }) => commandId);
  return ids.length > 0 ? ids : undefined;
}

describe('a breaker that cannot write', () => {
  it('begins again from its entries when an order cannot be written, and gives it later', async () => {
    await rig.start();
    refused.add('commands.v1');
    await rig.repeat(4);
    await rig.until(failures);
    expect((await rig.entries()).get('/position')?.offset ?? 0).toBe(0);
    refused.clear();
    expect(await rig.until(orders)).toEqual([
      expect.stringMatching(/^trip-\d+-same-result-loop-read-billing-bot$/),
    ]);
    expect(await metric('estop_breaker_rebuilds_total')).toBe(0);
  });

  it('loses no order when it ends before the order could be written', async () => {
    await rig.start();
    refused.add('commands.v1');
    await rig.repeat(4);
    await rig.until(failures);
    await rig.stop();
    refused.clear();
    await rig.start();
    expect(await rig.until(orders)).toEqual([
      expect.stringMatching(/^trip-\d+-same-result-loop-read-billing-bot$/),
    ]);
  });

  it('goes on watching while entries cannot be written, and writes them when it can', async () => {
    await rig.start();
    refused.add('breakers.v1');
    await rig.repeat(4);
    await rig.until(orders);
    await rig.repeat(2, 4);
    await rig.caughtUp();
    expect(await metric('estop_breaker_partition_failures_total')).toBe(0);
    refused.clear();
    await rig.stop();
    expect((await rig.entries()).get('/position')).toMatchObject({ offset: 6, entries: 1 });
    await rig.start();
    await rig.caughtUp();
    expect(await metric('estop_breaker_rebuilds_total')).toBe(0);
    expect(await metric('estop_breaker_records_total')).toBe(0);
  });

  it('ends in order when entries can be written no more', async () => {
    await rig.start();
    refused.add('breakers.v1');
    await rig.repeat(3);
    await rig.caughtUp();
    await rig.stop();
    expect(await rig.entries()).toEqual(new Map());
  });

  it('leaves an order to the next when it ends before the log was read to its end', async () => {
    await rig.start(withoutEnd(rig.log));
    await rig.repeat(4);
    await rig.caughtUp();
    await rig.stop();
    expect(await rig.commands()).toEqual([]);
    await rig.start();
    expect(await rig.until(orders)).toEqual([
      expect.stringMatching(/^trip-\d+-same-result-loop-read-billing-bot$/),
    ]);
  });
});
