import { MemoryLog } from '@estop/log/memory-log';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { AgentId, HaltId, ToolName } from '@estop/schemas/ids';
import type { Halt } from '@estop/schemas/messages';
import { beforeEach, describe, expect, it } from 'vitest';
import { confirmationsBody } from '../src/domain/confirmations-body.ts';
import { LEASE_MS, type PointLink } from '../src/enforcement/point.ts';
import { EnforcementPoints } from '../src/enforcement/points.ts';
import { FleetState } from '../src/read-models/fleet-state.ts';
import { HaltBook, type KnownHalt } from '../src/read-models/halt-book.ts';

const OWNER = 'agent:billing-bot';
const POINTS_MAX = 5;
const BOT = 'billing-bot' as AgentId;
const BILLING = { principal: OWNER, agentId: BOT, pointsMax: 3 };
const CRM = { principal: 'agent:crm-bot', agentId: 'crm-bot' as AgentId, pointsMax: 3 };
const NEVER = new AbortController().signal;

class Link implements PointLink {
  readonly said: { readonly known: KnownHalt; readonly sequence: number }[] = [];
  readonly breakers: string[] = [];
  isClosed = false;

  sayBreaker(text: string): void {
    this.breakers.push(text);
  }

  say(known: KnownHalt, sequence: number): void {
    this.said.push({ known, sequence });
  }

  close(): void {
    this.isClosed = true;
  }
}

let nowMs: number;
let book: HaltBook;
let points: EnforcementPoints;
let epoch: number;

beforeEach(() => {
  nowMs = 1_000;
  epoch = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const log = new MemoryLog();
  const checkFleet = () => Promise.reject(new Error('no fleet here'));
  const fleet = new FleetState({ log, logger: createMemoryLogger().logger, checkFleet });
  book = new HaltBook(clock, fleet);
  points = new EnforcementPoints(clock, book, POINTS_MAX);
});

/** Connects a point that has a lease. */
function connect(id: string, owner = OWNER): Link {
  const link = new Link();
  expect(points.connect(id, { ...BILLING, principal: owner }, link)).toMatchObject({ ok: true });
  points.renew(owner, id, { epoch: book.highestEpoch, sequence: null });
  return link;
}

function halt(tool = 'crm.delete'): Halt {
  epoch += 1;
  const said: Halt = {
    haltId: `h-${epoch}` as HaltId,
    scope: { fleet: false, group: null, agent: null, tool: tool as ToolName },
    mode: 'pause',
    epoch,
    by: 'olga@example.com',
    reason: null,
    until: null,
    lifted: false,
    killers: [],
  };
  book.take(said, nowMs);
  return said;
}

const reportOf = (said: Halt) => confirmationsBody(points.confirmations(said) ?? []);

describe('an enforcement point', () => {
  it('hears each word on a scope, and its lift', () => {
    const link = connect('one');
    const said = halt();
    book.take({ ...said, lifted: true }, nowMs);
    expect(link.said.map(({ known }) => known.halt.lifted)).toEqual([false, true]);
  });

  it('hears when it connects of halts that ended while it was away: they void permits', () => {
    const said = halt();
    book.take({ ...said, lifted: true }, nowMs);
    const known = () => points.connect('one', BILLING, new Link());
    expect(known()).toMatchObject({ known: [{ halt: { haltId: said.haltId, lifted: true } }] });
    nowMs += 60_000;
    expect(known()).toMatchObject({ known: [] });
  });

  it('is taken at its word only for what its own stream has told', () => {
    const said = halt();
    expect(points.connect('one', BILLING, new Link())).toMatchObject({ ok: true, sequence: 1 });
    // The last number of a stream that it held before, at another gateway.
    const renewed = points.renew(OWNER, 'one', { epoch: said.epoch, sequence: 57 });
    expect(renewed).toEqual({ ok: true, isCurrent: false });
  });

  it('gets no lease for what another process under its name has applied', () => {
    connect('one');
    const second = connect('one');
    const said = halt();
    const sequence = second.said[0]?.sequence ?? 0;
    expect(points.renew(OWNER, 'one', { epoch: said.epoch, sequence })).toMatchObject({
      isCurrent: true,
    });
    const first = points.renew(OWNER, 'one', { epoch: said.epoch - 1, sequence: sequence - 2 });
    expect(first).toEqual({ ok: true, isCurrent: false });
  });

  it('is not cut off for what it began with, when that is much', () => {
    for (let index = 0; index < 1_001; index += 1) halt(`tool-${index}`);
    const link = new Link();
    expect(points.connect('one', BILLING, link)).toMatchObject({ ok: true });
    halt();
    expect(link.isClosed).toBe(false);
    expect(link.said).toHaveLength(1);
  });

  it('confirms a halt by its epoch, or by the number of the word', () => {
    connect('one');
    const second = connect('two');
    const said = halt();
    nowMs += 7;
    points.renew(OWNER, 'one', { epoch: said.epoch, sequence: null });
    nowMs += 5;
    points.renew(OWNER, 'two', { epoch: 0, sequence: second.said[0]?.sequence ?? 0 });
    expect(reportOf(said)).toEqual({
      points: 2,
      confirmed: 2,
      confirmedInMs: 12,
      silent: 0,
      fencedInMs: null,
      byPoint: [
        { point: 'one', state: 'confirmed', ms: 7 },
        { point: 'two', state: 'confirmed', ms: 12 },
      ],
    });
  });

  it('has confirmed nothing with a renewal that was on its way before it heard', () => {
    connect('one');
    const said = halt();
    points.renew(OWNER, 'one', { epoch: said.epoch - 1, sequence: null });
    expect(reportOf(said)).toMatchObject({ confirmed: 0, silent: 1 });
  });

  it('gets no new lease before it has applied everything it was told', () => {
    connect('one');
    const said = halt();
    nowMs += 2_000;
    const behind = points.renew(OWNER, 'one', { epoch: said.epoch - 1, sequence: null });
    expect(behind).toEqual({ ok: true, isCurrent: false });
    expect(reportOf(said)).toMatchObject({ silent: 1, fencedInMs: LEASE_MS - 2_000 });
    nowMs += 1_000;
    expect(reportOf(said).byPoint).toEqual([{ point: 'one', state: 'fenced', ms: LEASE_MS }]);
  });

  it('is awaited after its connection broke, until its lease is over', () => {
    const link = connect('one');
    points.disconnect('one', link);
    const said = halt();
    expect(reportOf(said)).toMatchObject({ points: 1, silent: 1, fencedInMs: LEASE_MS });
    nowMs += LEASE_MS;
    expect(reportOf(halt('other'))).toMatchObject({ points: 0 });
  });

  it('that comes back confirms what it missed with what it is told first', () => {
    const link = connect('one');
    points.disconnect('one', link);
    const said = halt();
    const again = points.connect('one', BILLING, new Link());
    expect(again).toMatchObject({ ok: true, known: [{ halt: { haltId: said.haltId } }] });
    const sequence = again.ok ? again.sequence : 0;
    expect(points.renew(OWNER, 'one', { epoch: 0, sequence })).toMatchObject({ isCurrent: true });
    expect(reportOf(said)).toMatchObject({ confirmed: 1 });
  });

  it('is asked anew where a halt is said again more strictly, which it has not confirmed yet', () => {
    const link = connect('one');
    const paused = halt();
    points.renew(OWNER, 'one', { epoch: 0, sequence: link.said[0]?.sequence ?? 0 });
    const killed: Halt = { ...paused, mode: 'kill', epoch: paused.epoch + 1 };
    book.take(killed, nowMs);
    expect(reportOf(paused)).toMatchObject({ points: 1, confirmed: 1 });
    expect(reportOf(killed)).toMatchObject({ points: 1, confirmed: 0 });
    points.renew(OWNER, 'one', { epoch: 0, sequence: link.said[1]?.sequence ?? 0 });
    expect(reportOf(killed)).toMatchObject({ points: 1, confirmed: 1 });
  });

  it('confirms with a word those that it takes the place of', () => {
    connect('one');
    const paused = halt();
    book.take({ ...paused, mode: 'kill', epoch: paused.epoch + 1 }, nowMs);
    const again = points.connect('one', BILLING, new Link());
    points.renew(OWNER, 'one', { epoch: 0, sequence: again.ok ? again.sequence : 0 });
    expect(reportOf(paused)).toMatchObject({ points: 1, confirmed: 1 });
  });

  it('takes the place of its earlier connection, whose end then changes nothing', () => {
    const first = connect('one');
    const second = connect('one');
    expect(first.isClosed).toBe(true);
    points.disconnect('one', first);
    halt();
    expect(second.said).toHaveLength(1);
  });

  it('keeps its name from everybody with another credential', () => {
    connect('one');
    expect(points.connect('one', CRM, new Link())).toEqual({ ok: false, why: 'name-taken' });
    expect(points.renew('agent:crm-bot', 'one', { epoch: 9, sequence: null })).toEqual({
      ok: false,
      why: 'no-stream',
    });
  });

  it('is refused when its credential has enough of them, which leaves room for others', () => {
    for (const id of ['one', 'two', 'three']) connect(id);
    const refused = { ok: false, why: 'too-many-own' };
    expect(points.connect('four', BILLING, new Link())).toEqual(refused);
    expect(points.connect('other', CRM, new Link())).toMatchObject({ ok: true });
    nowMs += LEASE_MS;
    expect(points.connect('four', BILLING, new Link())).toEqual(refused);
  });

  it('comes back under its name however many there are', () => {
    for (const id of ['one', 'two', 'three']) connect(id);
    for (const id of ['four', 'five']) connect(id, CRM.principal);
    const refused = { ok: false, why: 'too-many' };
    expect(points.connect('six', CRM, new Link())).toEqual(refused);
    expect(points.connect('one', BILLING, new Link())).toMatchObject({ ok: true });
    expect(points.connect('five', CRM, new Link())).toMatchObject({ ok: true });
  });

  it('needs no name where it alone uses its credential', () => {
    expect(points.renew(OWNER, null, { epoch: 0, sequence: null })).toMatchObject({
      why: 'no-stream',
    });
    connect('one');
    expect(points.renew(OWNER, null, { epoch: 0, sequence: null })).toMatchObject({ ok: true });
    connect('two');
    expect(points.renew(OWNER, null, { epoch: 0, sequence: null })).toMatchObject({
      why: 'several-points',
    });
  });

  it('is disconnected when it owes too many answers', () => {
    const link = connect('one');
    for (let count = 0; count < 1_001; count += 1) halt(`tool-${count}`);
    expect(link.isClosed).toBe(true);
    expect(link.said).toHaveLength(1_000);
  });
});

it('nobody is asked about a halt while nobody is connected, nor about one that is over', () => {
  const before = halt();
  connect('one');
  const over = halt('other');
  book.take({ ...over, haltId: 'h-over' as HaltId, epoch: epoch + 1, until: nowMs }, nowMs);
  expect(points.confirmations(before)).toBeUndefined();
  expect(points.confirmations({ haltId: 'h-over' as HaltId, epoch })).toBeUndefined();
  expect(points.confirmations(over)).toHaveLength(1);
});

describe('waiting for confirmations', () => {
  it('ends when the last point has confirmed', async () => {
    connect('one');
    connect('two');
    const said = halt();
    let isOver = false;
    const over = points.untilSettled(said, 60_000, NEVER).then(() => {
      isOver = true;
    });
    points.renew(OWNER, 'one', { epoch: said.epoch, sequence: null });
    await Promise.resolve();
    expect(isOver).toBe(false);
    points.renew(OWNER, 'two', { epoch: said.epoch, sequence: null });
    await over;
    expect(isOver).toBe(true);
  });

  it('ends after its time, when the gateway closes, and at once where nobody was asked', async () => {
    connect('one');
    const said = halt();
    await points.untilSettled(said, 5, NEVER);
    const closing = new AbortController();
    const over = points.untilSettled(said, 60_000, closing.signal);
    closing.abort();
    await over;
    await points.untilSettled({ haltId: 'h-unknown' as HaltId, epoch }, 60_000, NEVER);
    expect(reportOf(said)).toMatchObject({ confirmed: 0 });
  });

  it('ends when the leases of all who are silent are over, however long it may wait', async () => {
    connect('one');
    const said = halt();
    nowMs += LEASE_MS - 5;
    await points.untilSettled(said, 60_000, NEVER);
    nowMs += 5;
    expect(reportOf(said).byPoint).toMatchObject([{ state: 'fenced' }]);
    await points.untilSettled(said, 60_000, NEVER);
  });

  it('is kept of the newest halts alone', () => {
    connect('one');
    const first = halt('first');
    for (let count = 0; count < 64; count += 1) halt(`tool-${count}`);
    expect(points.confirmations(first)).toBeUndefined();
  });
});

it('tells the points of an agent, and no others, that its breaker is another now', () => {
  const own = connect('one');
  const other = new Link();
  points.connect('two', CRM, other);
  points.tellBreaker(BOT, { mode: 'open', since: 5 });
  expect(own.breakers).toEqual(['{"mode":"open","since":5}']);
  expect(other.breakers).toEqual([]);
});
