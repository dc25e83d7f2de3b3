import type { EventLog, NewRecord } from '@estop/log/port';
import type { CommandId, PolicyHash } from '@estop/schemas/ids';
import type { AuditRecordEvent } from '@estop/schemas/messages';
import type { Topic } from '@estop/schemas/topics';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchOf } from '../../src/process/entries.ts';
import { AGENT, allowed, outcome, proposed } from '../domain/audit-events.ts';
import { BreakerRig } from './breaker-rig.ts';

const TRIP = {
  subject: AGENT,
  by: 'service:breaker',
  body: { type: 'TripBreaker', mode: 'open', signal: 'loop' },
};

let rig: BreakerRig;

beforeEach(() => {
  rig = new BreakerRig();
});

afterEach(() => rig.stop());

/** The log of a process that dies before anything of its state is written. */
function withoutEntries(log: EventLog): EventLog {
  return refusing(log, (name, topic) => name === 'append' && topic === 'breakers.v1');
}

/** The log, where some appends fail. */
function refusing(log: EventLog, refuses: (name: string, topic: Topic) => boolean): EventLog {
  return new Proxy(log, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name !== 'append' && name !== 'publish') return value.bind(target);
      return (topic: Topic, partition: number, what: readonly NewRecord[]) => {
        if (refuses(name, topic)) return Promise.reject(new Error('no room'));
        return value.call(target, topic, partition, what);
      };
    },
  });
}

function accepted(commandId: CommandId): AuditRecordEvent {
  return { type: 'CommandAccepted', commandId, by: 'service:breaker', reason: null };
}

async function metric(name: string): Promise<number> {
  const { values } = (await rig.registry.getSingleMetric(name)?.get()) ?? { values: [] };
  return values.reduce((sum, { value }) => sum + value, 0);
}

describe('the breaker service', () => {
  it('orders a trip when an agent goes round in circles, and says why with its evidence', async () => {
    await rig.start();
    await rig.repeat(4);
    const [command] = await rig.until(async () => nonEmpty(await rig.commands()));
    expect(command).toMatchObject(TRIP);
    expect(command?.commandId).toMatch(/^trip-\d+-same-result-loop-read-billing-bot$/);
    const body = command?.body.type === 'TripBreaker' ? command.body : undefined;
    expect(body?.explanation).toMatch(/crm.read was called 4 times in a row/);
    expect(JSON.parse(body?.evidence ?? '')).toMatchObject({
      rule: 'same-result',
      observed: 4,
      expected: { low: 0, high: 3 },
      calls: [3, 2, 1, 0].map((offset) => ({ partition: 0, offset })),
      opens: 1,
    });
  });

  it('gives what time shows and what the next record shows as two orders', async () => {
    await rig.start();
    rig.ageMs = 11 * 60_000;
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      await rig.record(proposed(id), allowed(id), outcome(id));
    }
    await rig.record(proposed('waits'), allowed('waits'));
    await rig.repeat(3, 0, Date.now() - rig.ageMs);
    rig.ageMs = 0;
    await rig.repeat(1, 3);
    const commands = await rig.until(async () => {
      const given = await rig.commands();
      return given.length < 2 ? undefined : given;
    });
    expect(commands.map(({ body }) => body)).toMatchObject([
      { type: 'TripBreaker', mode: 'step-up', signal: 'silence' },
      { type: 'TripBreaker', mode: 'open', signal: 'loop' },
    ]);
    expect(new Set(commands.map(({ commandId }) => commandId)).size).toBe(2);
  });

  it('does not believe a record that does not extend the chain', async () => {
    await rig.start();
    await rig.repeat(3);
    await rig.voidRecord(proposed('x', { digest: 'sha256:same' }), allowed('x'), outcome('x'));
    await rig.caughtUp();
    expect(await rig.commands()).toEqual([]);
    expect(await metric('estop_breaker_void_records_total')).toBe(1);
    await rig.repeat(1, 3);
    await rig.until(async () => nonEmpty(await rig.commands()));
  });

  it('goes on after a restart where it was', async () => {
    await rig.start();
    await rig.repeat(3);
    await rig.caughtUp();
    await rig.stop();
    expect((await rig.entries()).get('/position')).toMatchObject({ offset: 3, entries: 1 });
    await rig.start();
    await rig.repeat(1, 3);
    await rig.until(async () => nonEmpty(await rig.commands()));
    expect(await metric('estop_breaker_rebuilds_total')).toBe(0);
    expect(await metric('estop_breaker_records_total')).toBe(1);
    await rig.stop();
    const entry = (await rig.entries()).get(AGENT);
    const watch = entry === undefined ? undefined : watchOf(AGENT, entry);
    expect(watch?.told?.finding.observed).toBe(4);
    expect(await rig.commands()).toHaveLength(1);
  });

  it('gives an order again under the same id when nobody knows whether it arrived', async () => {
    await rig.start(withoutEntries(rig.log));
    await rig.repeat(4);
    await rig.until(async () => nonEmpty(await rig.commands()));
    await rig.stop();
    await rig.start();
    const commands = await rig.until(async () => {
      const all = await rig.commands();
      return all.length === 2 ? all : undefined;
    });
    expect(commands[1]?.commandId).toBe(commands[0]?.commandId);
  });

  it('gives no order again that the log shows to be carried out', async () => {
    await rig.start(withoutEntries(rig.log));
    await rig.repeat(4);
    const [command] = await rig.until(async () => nonEmpty(await rig.commands()));
    await rig.stop();
    if (command !== undefined) await rig.record(accepted(command.commandId));
    await rig.start();
    await rig.caughtUp();
    await rig.stop();
    expect(await rig.commands()).toHaveLength(1);
  });

  it('loses no order when a partition is taken away while old records are read', async () => {
    await rig.repeat(4);
    for (let n = 0; n < 600; n += 1) await rig.record(proposed(`x${n}`), allowed(`x${n}`));
    const service = await rig.start();
    await rig.until(async () =>
      (await metric('estop_breaker_records_total')) > 0 ? true : undefined,
    );
    await service.close();
    await rig.start();
    const commands = await rig.until(async () => nonEmpty(await rig.commands()));
    expect(commands).toMatchObject([TRIP]);
  });

  it('begins again when an order cannot be written, until it is', async () => {
    let refusals = 0;
    const failing = refusing(rig.log, (name, topic) => {
      if (name !== 'publish' || topic !== 'commands.v1' || refusals === 3) return false;
      refusals += 1;
      return true;
    });
    await rig.start(failing);
    await rig.repeat(4);
    await rig.until(async () => nonEmpty(await rig.commands()));
    expect(refusals).toBe(3);
    expect(await metric('estop_breaker_partition_failures_total')).toBe(3);
  });

  it('orders late what it found late: open for as long as it would have been', async () => {
    await rig.start();
    await rig.caughtUp();
    const foundMs = Date.now() - 45_000;
    await rig.repeat(4, 0, foundMs);
    const [command] = await rig.until(async () => nonEmpty(await rig.commands()));
    const body = command?.body.type === 'TripBreaker' ? command.body : undefined;
    expect(body?.until).toBeGreaterThan(Date.now());
  });

  it('lets go of what was found long ago, while nobody watched', async () => {
    await rig.repeat(4, 0, Date.now() - 3_600_000);
    await rig.start();
    await rig.caughtUp();
    expect(await rig.commands()).toEqual([]);
    expect(await metric('estop_breaker_orders_too_late_total')).toBe(1);
  });

  it('knows after a restart whose calls are under way', async () => {
    const startMs = Date.now() - 3_600_000;
    for (let n = 0; n < 5; n += 1) {
      await rig.record({ at: startMs }, proposed(`o${n}`), allowed(`o${n}`), outcome(`o${n}`));
    }
    await rig.record({ at: startMs }, proposed('w'), allowed('w'));
    await rig.start();
    await rig.caughtUp();
    await rig.stop();
    await rig.start();
    await rig.record({ at: startMs + 660_000, subject: null });
    await rig.record({ at: startMs + 720_000, subject: null });
    await rig.caughtUp();
    await rig.stop();
    const told = JSON.parse((await rig.entries()).get(AGENT)?.told ?? 'null');
    expect(told?.finding).toMatchObject({ signal: 'silence', at: expect.any(Number) });
  });

  it('reads the whole log where the position cannot be read at all', async () => {
    await rig.start();
    await rig.repeat(3);
    await rig.caughtUp();
    await rig.stop();
    await rig.log.append('breakers.v1', 0, [{ key: '/position', value: Buffer.from('nonsense') }]);
    await rig.start();
    await rig.repeat(1, 3);
    await rig.until(async () => nonEmpty(await rig.commands()));
    expect(await metric('estop_breaker_rebuilds_total')).toBe(1);
  });

  it('reads the whole log where entries are not the ones that were written', async () => {
    await rig.start();
    await rig.repeat(3);
    await rig.caughtUp();
    await rig.stop();
    const codec = rig.log.codec('breakers.v1');
    const entry = (await rig.entries()).get(AGENT);
    if (entry === undefined) throw new Error('there is no entry');
    const value = codec.encode({ ...entry, offset: 1 });
    await rig.log.append('breakers.v1', 0, [{ key: AGENT, value }]);
    await rig.start();
    await rig.repeat(1, 3);
    await rig.until(async () => nonEmpty(await rig.commands()));
    expect(await metric('estop_breaker_rebuilds_total')).toBe(1);
    expect(await metric('estop_breaker_records_total')).toBe(4);
  });

  it('orders nothing in shadow, and shows what it would have done', async () => {
    const hash = `sha256:${'0'.repeat(64)}` as PolicyHash;
    const files = { 'breakers.yaml': 'defaults: { shadow: true }' };
    const bundle = rig.log.codec('policies.v1').encode({ hash, files, by: 'test' });
    await rig.log.append('policies.v1', 0, [{ key: hash, value: bundle }]);
    rig.policyHash = hash;
    await rig.start();
    await rig.repeat(4);
    await rig.caughtUp();
    await rig.stop();
    expect(await rig.commands()).toEqual([]);
    const entry = (await rig.entries()).get(AGENT);
    expect(JSON.parse(entry?.told ?? '')).toMatchObject({
      isShadow: true,
      finding: { signal: 'loop' },
      order: { mode: 'open' },
    });
  });
});

function nonEmpty<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length > 0 ? items : undefined;
}
