import { MemoryLog } from '@estop/log/memory-log';
import { partitionOfKey } from '@estop/log/partitioner';
import type { AppendSteps, Batch, HeadBatch } from '@estop/log/port';
import { APPEND_RECORDS_MAX } from '@estop/log/port';
import { readChain } from '@estop/log/run/chain-reader';
import { ChainWriter } from '@estop/log/run/chain-writer';
import { HALTS_MAX } from '@estop/policy/domain/limits';
import { createRebuild } from '@estop/policy/domain/rebuild';
import { POLICY_GROUP } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import type { ToolName } from '@estop/schemas/ids';
import type { AuditRecord, Outcome } from '@estop/schemas/messages';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, haltOf } from '../domain/specification.ts';
import { FILES, PolicyRig } from './policy-rig.ts';

const PARTITIONS = 3;
const HOME = partitionOfKey('billing-bot', PARTITIONS);

let rig: PolicyRig;
let log: MemoryLog;

beforeEach(async () => {
  log = new MemoryLog({ partitions: PARTITIONS });
  rig = new PolicyRig(log);
  await rig.apply();
  await rig.start();
});

afterEach(() => rig.stop());

async function chain(partition = HOME): Promise<{ records: AuditRecord[]; voidRecords: number }> {
  const records: AuditRecord[] = [];
  const position = await readChain(log, partition, {
    onRecord: ({ record }) => records.push(record),
  });
  return { records, voidRecords: position.voidRecords };
}

function outcomeOn(intentId: string): Outcome {
  const cost = { tokens: null, microUsd: null, durationMs: null };
  const agentId = 'billing-bot';
  const said = { agentId, status: 'ok', resultDigest: null, error: null, reportedBy: agentId };
  return { intentId, ...said, ...cost } as Outcome;
}

/** The log, but for the first effects that rest on a decision: their append fails. */
function failingOnce(real: MemoryLog): MemoryLog {
  let hasFailed = false;
  return new Proxy(real, {
    get(target, name) {
      if (name !== 'appendAt') {
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return (head: HeadBatch, rest: readonly Batch[]): AppendSteps => {
        if (hasFailed || !rest.some(({ topic }) => topic === 'decisions.v1')) {
          return target.appendAt(head, rest);
        }
        hasFailed = true;
        const { proven } = target.appendAt(head, []);
        const complete = proven.then(() => Promise.reject(new Error('the disk is gone')));
        return { proven, complete };
      };
    },
  });
}

async function expectRebuilt(): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const live = await rig.service?.liveState(partition);
    const rebuild = createRebuild(partition);
    await readChain(log, partition, {
      untilOffset: live?.nextOffset ?? 0,
      onRecord: ({ record, stored }) => rebuild.apply(record, stored.offset),
    });
    expect(live?.text).toBe(rebuild.text());
  }
}

describe('the policy service', () => {
  it('decides an intent and says where the audit record stands', async () => {
    await rig.propose();
    const [decision] = await rig.decisions('i1');
    expect(decision).toMatchObject({ decision: 'allow', rules: ['reads'] });
    const { records } = await chain();
    expect(records[decision?.record.offset ?? -1]?.events[0]).toMatchObject({
      type: 'IntentProposed',
    });
    await expectRebuilt();
  });

  it('shows what is left of each limit', async () => {
    await rig.propose();
    const [decision] = await rig.decisions('i1');
    expect(decision?.limits).toEqual([{ id: 'reads', unit: 'calls', remaining: 99 }]);
  });

  it('writes the takeover first, then the fleet, then decisions', async () => {
    await rig.propose();
    await rig.decisions('i1');
    const { records } = await chain();
    expect(records.map(({ events }) => events.at(-1)?.type)).toEqual([
      'WriterStarted',
      'FleetActivated',
      'IntentAllowed',
    ]);
  });

  it('answers a repeated intent with the same decision and no new record', async () => {
    await rig.propose();
    await rig.propose();
    const [first, second] = await rig.decisions('i1', 2);
    expect(second).toEqual(first);
    expect((await chain()).records).toHaveLength(3);
  });

  it('takes an approval from the question to the final allow', async () => {
    await rig.propose({ tool: 'crm.delete' });
    const [pending] = await rig.decisions('i1');
    expect(pending).toMatchObject({ decision: 'needs-approval' });
    const digest = digestOf({ tool: 'crm.delete' });
    await rig.order({ type: 'Approve', intentId: 'i1' as never, digest }, 'dana@example.com');
    const [, final] = await rig.decisions('i1', 2);
    expect(final).toMatchObject({
      decision: 'allow',
      reason: 'approved',
      approval: { approvedBy: ['dana@example.com'] },
    });
    await expectRebuilt();
  });

  it('continues from the log after a restart: nothing is decided twice, nothing forgotten', async () => {
    await rig.propose();
    await rig.decisions('i1');
    await rig.stop();
    await rig.propose({ intentId: 'i2' });
    await rig.propose({ intentId: 'i1' });
    await rig.start();
    const [second] = await rig.decisions('i2');
    expect(second?.limits).toEqual([{ id: 'reads', unit: 'calls', remaining: 98 }]);
    const [before, ...again] = await rig.decisions('i1', 2);
    for (const decision of again) expect(decision.record).toEqual(before?.record);
    const allowed = (await chain()).records.filter(({ events }) =>
      events.some(({ type }) => type === 'IntentAllowed'),
    );
    expect(allowed).toHaveLength(2);
    await expectRebuilt();
  });

  it('tells at takeover what the writer before had proven and not published', async () => {
    await rig.stop();
    let isCut = true;
    const effects = new Set(['decisions.v1', 'agents.v1']);
    log = new MemoryLog({
      partitions: PARTITIONS,
      beforeAppend: async (topic) => {
        if (isCut && effects.has(topic)) throw new Error('it died before');
      },
    });
    rig = new PolicyRig(log);
    await rig.apply();
    await rig.start();
    await rig.propose();
    await rig.order({ type: 'Suspend' }, 'operator@local');
    await rig.until(async () => ((await log.endOffset('audit.v1', HOME)) >= 4 ? true : undefined));
    expect(await rig.all('decisions.v1', HOME)).toEqual([]);
    await rig.stop();
    isCut = false;
    await rig.start();
    await rig.decisions('i1');
    const views = await rig.until(async () => {
      const all = await rig.all('agents.v1', HOME);
      return all.length > 0 ? all : undefined;
    });
    expect(views.at(-1)).toMatchObject({ subject: 'billing-bot', suspended: true });
  });

  it('loses no decision when it dies again while it still owes those of the writer before', async () => {
    await rig.stop();
    const intents = Array.from({ length: 300 }, (_, index) => `i${index}`);
    let appendsLeft = 0;
    log = new MemoryLog({
      partitions: PARTITIONS,
      beforeAppend: async (topic) => {
        if (topic !== 'decisions.v1') return;
        appendsLeft -= 1;
        if (appendsLeft < 0) throw new Error('it died before');
      },
    });
    rig = new PolicyRig(log);
    await rig.apply();
    for (const intentId of intents) await rig.propose({ intentId });
    const proven = (count: number) =>
      rig.until(async () => ((await log.endOffset('audit.v1', HOME)) >= count ? true : undefined));
    await rig.start();
    await proven(intents.length);
    await rig.stop();
    // Some leave, and new ones are made beside them; then it dies once more.
    appendsLeft = 3;
    await rig.start();
    await rig.until(async () => (appendsLeft < 3 ? true : undefined));
    await rig.propose({ intentId: 'new' });
    await rig.until(async () => (appendsLeft < 0 ? true : undefined));
    await rig.stop();
    appendsLeft = Number.POSITIVE_INFINITY;
    await rig.start();
    const told = await rig.until(async () => {
      const all = await rig.all('decisions.v1', HOME);
      const ids = new Set<string>(all.map(({ intentId }) => intentId));
      return ids.size === intents.length + 1 ? ids : undefined;
    });
    expect([...intents, 'new'].every((intentId) => told.has(intentId))).toBe(true);
    await expectRebuilt();
  });

  it('hands over at most a thousand records at once, however many halts there are', async () => {
    await rig.stop();
    const batches: number[] = [];
    log = new MemoryLog({ partitions: PARTITIONS });
    const appendAt = log.appendAt.bind(log);
    log.appendAt = (head, rest) => {
      batches.push(head.records.length);
      return appendAt(head, rest);
    };
    rig = new PolicyRig(log);
    await rig.apply();
    for (let n = 0; n < 2_500; n += 1) await rig.halt({ tool: `tool-${n}` as never });
    await rig.propose();
    await rig.start();
    await rig.decisions('i1');
    expect((await chain()).records.length).toBeGreaterThan(2_500);
    expect(Math.max(...batches)).toBeLessThanOrEqual(1_000);
  });

  it('takes over from its snapshot after an orderly end, and tells nothing again', async () => {
    await rig.propose();
    await rig.decisions('i1');
    await rig.stop();
    const told = await log.endOffset('decisions.v1', HOME);
    await rig.start();
    await rig.propose({ intentId: 'i2' });
    await rig.decisions('i2');
    expect(await log.endOffset('decisions.v1', HOME)).toBe(told + 1);
    await expectRebuilt();
  });

  it('applies a halt to every partition and denies under it until it is lifted', async () => {
    await rig.halt({ fleet: true });
    await rig.until(async () => {
      const counts = await Promise.all([0, 1, 2].map((p) => chain(p)));
      const applied = counts.every(({ records }) =>
        records.some(({ events }) => events.some(({ type }) => type === 'HaltApplied')),
      );
      return applied ? true : undefined;
    });
    await rig.propose();
    expect((await rig.decisions('i1'))[0]).toMatchObject({ reason: 'halted' });
    await rig.halt({ fleet: true }, { lifted: true });
    await rig.until(async () => {
      const { records } = await chain();
      return records.some(({ events }) => events[0]?.type === 'HaltLifted') ? true : undefined;
    });
    await rig.propose({ intentId: 'i2' });
    expect((await rig.decisions('i2'))[0]).toMatchObject({ decision: 'allow' });
    await expectRebuilt();
  });

  it('swaps the fleet under way, and keeps the old one when the new is broken', async () => {
    const closed = {
      ...FILES,
      'policies/all.cedar': '@id("none") forbid (principal, action, resource);',
    };
    await rig.append(
      'policies.v1',
      { hash: `sha256:${'f'.repeat(64)}` as never, files: { 'tools.yaml': '][' }, by: 'x' },
      { key: 'bad', partition: 0 },
    );
    await rig.append(
      'policies.v1',
      { hash: `sha256:${'f'.repeat(64)}` as never, files: null, by: 'x' },
      { key: 'active', partition: 0 },
    );
    await rig.propose();
    expect((await rig.decisions('i1'))[0]).toMatchObject({ decision: 'allow' });
    const hash = await rig.apply(closed);
    await rig.until(async () => {
      const { records } = await chain();
      return records.some(({ events }) =>
        events.some((e) => e.type === 'FleetActivated' && e.hash === hash),
      )
        ? true
        : undefined;
    });
    await rig.propose({ intentId: 'i2' });
    expect((await rig.decisions('i2'))[0]).toMatchObject({ reason: 'forbidden', policyHash: hash });
  });

  it('sends poison to the dead letters and decides what comes after it', async () => {
    await log.append('intents.v1', HOME, [{ key: 'billing-bot', value: Buffer.from('not avro') }]);
    await rig.propose();
    expect((await rig.decisions('i1'))[0]).toMatchObject({ decision: 'allow' });
    const letters = await rig.until(async () => {
      const all = await rig.all('dead-letters.v1', 0);
      return all.length > 0 ? all : undefined;
    });
    expect(letters[0]).toMatchObject({ topic: 'intents.v1', offset: 0, reason: 'malformed' });
    expect(Buffer.from(letters[0]?.value ?? []).toString()).toBe('not avro');
  });

  it('loses no dead letter when it fails between the proof and the effects of later inputs', async () => {
    await rig.stop();
    await log.append('intents.v1', HOME, [{ key: 'billing-bot', value: Buffer.from('not avro') }]);
    await rig.propose();
    rig = new PolicyRig(failingOnce(log));
    await rig.start();
    expect((await rig.decisions('i1'))[0]).toMatchObject({ decision: 'allow' });
    const letters = await rig.all('dead-letters.v1', 0);
    expect(letters.map(({ offset, reason }) => [offset, reason])).toEqual([[0, 'malformed']]);
  });

  it('goes on behind a record whose key alone is larger than a dead letter', async () => {
    const key = 'k'.repeat(600_000);
    const value = Buffer.alloc(300_000, 1);
    await log.append('intents.v1', HOME, [{ key, value }]);
    await rig.propose();
    expect((await rig.decisions('i1'))[0]).toMatchObject({ decision: 'allow' });
    const [letter] = await rig.all('dead-letters.v1', 0);
    expect(letter).toMatchObject({ topic: 'intents.v1', reason: 'malformed' });
  });

  it('refuses a record whose key is not its agent', async () => {
    const value = log.codec('intents.v1').encode({
      intentId: 'i1',
      agentId: 'crm-bot',
      sessionId: null,
      tool: 'crm.read',
      arguments: '{}',
      reason: null,
      task: null,
      tokens: null,
      microUsd: null,
      provenance: {},
      undo: null,
      proposedBy: null,
    } as never);
    await log.append('intents.v1', HOME, [{ key: 'billing-bot', value }]);
    const letters = await rig.until(async () => {
      const all = await rig.all('dead-letters.v1', 0);
      return all.length > 0 ? all : undefined;
    });
    expect(letters[0]).toMatchObject({
      reason: 'malformed',
      detail: 'the record key is not its subject',
    });
  });

  it('drops its state and folds again when another writer extends the chain', async () => {
    await rig.propose({ intentId: 'i0' });
    await rig.decisions('i0');
    const position = await readChain(log, HOME, { onRecord: () => undefined });
    const intruder = new ChainWriter(log, { partition: HOME, writer: 'intruder', position });
    intruder.link({
      cause: { topic: 'takeover', partition: HOME, offset: -1 },
      at: Date.now(),
      subject: null,
      policyHash: null,
      events: [{ type: 'WriterStarted', writer: 'intruder', version: 'test' }],
    });
    await intruder.commit([]).proven;
    await rig.propose();
    expect((await rig.decisions('i1'))[0]).toMatchObject({ decision: 'allow' });
    const { records, voidRecords } = await chain();
    expect(voidRecords).toBe(1);
    expect(records.filter(({ events }) => events[0]?.type === 'IntentProposed')).toHaveLength(2);
    await expectRebuilt();
  });

  it('tells lag displays at takeover how far the writer before was, who could not', async () => {
    await rig.stop();
    const join = log.join.bind(log);
    log.join = (options) =>
      join({
        ...options,
        run: (assignment) => options.run({ ...assignment, commit: () => undefined }),
      });
    await rig.start();
    await rig.propose();
    await rig.decisions('i1');
    await rig.stop();
    log.join = join;
    await rig.start();
    const committed = { topic: 'intents.v1', partition: HOME, committedOffset: 1, endOffset: 1 };
    await expect.poll(() => log.lag(POLICY_GROUP)).toContainEqual(committed);
  });

  it('says nothing of inputs by a state that another writer has gone on from', async () => {
    await rig.propose({ intentId: 'i0' });
    await rig.decisions('i0');
    const { records } = await chain();
    const known = records.find(({ events }) => events[0]?.type === 'IntentProposed');
    const position = await readChain(log, HOME, { onRecord: () => undefined });
    const other = new ChainWriter(log, { partition: HOME, writer: 'other', position });
    other.link({
      cause: { topic: 'tick', partition: HOME, offset: -1 },
      at: known?.at ?? 0,
      subject: known?.subject ?? null,
      policyHash: known?.policyHash ?? null,
      events: JSON.parse(JSON.stringify(known?.events).replaceAll('"i0"', '"i1"')),
    });
    await other.commit([]).proven;
    await rig.outcome(outcomeOn('i1'));
    const settled = await rig.until(async () =>
      (await chain()).records.find(({ events }) => events[0]?.type === 'OutcomeRecorded'),
    );
    expect(settled.events[0]).toMatchObject({ outcome: { intentId: 'i1' } });
    expect(await rig.all('dead-letters.v1', 0)).toEqual([]);
    await expectRebuilt();
  });

  it('goes by the time of the log: a host that is a day ahead ends nothing early', async () => {
    await rig.stop();
    // As on Kafka: the brokers keep the time.
    log.timeMs = () => null as never;
    const dayAhead = { ...systemClock, nowMs: () => Date.now() + 24 * 3_600_000 };
    rig = new PolicyRig(log, dayAhead);
    const started = Date.now();
    await rig.start();
    await rig.propose({ tool: 'crm.delete' });
    const [pending] = await rig.decisions('i1');
    expect(pending).toMatchObject({ decision: 'needs-approval' });
    // A few ticks would expire it, were it for the host's clock.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await rig.decisions('i1')).toHaveLength(1);
    const { records } = await chain();
    for (const { at } of records.slice(1)) {
      expect(at).toBeGreaterThanOrEqual(started - 60_000);
      expect(at).toBeLessThanOrEqual(Date.now());
    }
  });

  it('keeps a halt that it cannot take as a dead letter, once, and goes on', async () => {
    const scopes = Array.from({ length: HALTS_MAX + 1 }, (_, index) => `tool-${index}`);
    const codec = log.codec('halts.v1');
    for (let at = 0; at < scopes.length; at += APPEND_RECORDS_MAX) {
      const records = scopes.slice(at, at + APPEND_RECORDS_MAX).map((tool) => {
        return { key: `tool:${tool}`, value: codec.encode(haltOf({ tool: tool as ToolName })) };
      });
      await log.append('halts.v1', 0, records);
    }
    const letters = await rig.until(async () => {
      const all = await rig.all('dead-letters.v1', 0);
      return all.length >= PARTITIONS ? all : undefined;
    });
    await rig.propose();
    await rig.decisions('i1');
    expect(letters[0]).toMatchObject({
      topic: 'halts.v1',
      reason: 'too-large',
      offset: HALTS_MAX,
      detail: expect.stringContaining('lift some, or halt the fleet'),
    });
    expect(await rig.all('dead-letters.v1', 0)).toHaveLength(PARTITIONS);
  });
});
