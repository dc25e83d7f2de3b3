import { MemoryLog } from '@estop/log/memory-log';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import { EstopError } from '@estop/schemas/errors';
import type { HaltId, PersonId, ToolName } from '@estop/schemas/ids';
import type { Halt, HaltScope } from '@estop/schemas/messages';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../src/config.ts';
import { HaltDesk } from '../src/halts.ts';
import { FleetState } from '../src/read-models/fleet-state.ts';
import { HaltBook } from '../src/read-models/halt-book.ts';

const FLEET_WIDE: HaltScope = { fleet: true, group: null, agent: null, tool: null };
const SCOPES_MAX = 10_000;
const BY = 'olga@example.com' as PersonId;
const REQUEST = { scope: FLEET_WIDE, mode: 'pause', reason: null, forMs: null, by: BY } as const;

let log: MemoryLog;
let book: HaltBook;
let desk: HaltDesk;
let kept: readonly Halt[];
let told: Halt[];

beforeEach(() => {
  log = new MemoryLog();
  const { logger } = createMemoryLogger();
  const checkFleet = () => Promise.reject(new Error('no fleet here'));
  book = new HaltBook(systemClock, new FleetState({ log, logger, checkFleet }));
  const limits = { ...LIMITS, liftAppliedMs: 1 };
  kept = [];
  told = [];
  const unwritten = {
    load: () => kept,
    async save(halts: readonly Halt[]) {
      kept = halts;
    },
  };
  const onSaid = ({ halt }: { readonly halt: Halt }) => void told.push(halt);
  desk = new HaltDesk({ log, clock: systemClock, logger, limits, book, unwritten, onSaid });
});

async function words(): Promise<readonly Halt[]> {
  const { records } = await log.read('halts.v1', 0, { fromOffset: 0, maxRecords: 100 });
  return records.map(({ value }) => log.codec('halts.v1').decode(value ?? Buffer.alloc(0)));
}

describe('lifting a halt', () => {
  it('does not overrule a halt of the scope that came while the lift was on its way', async () => {
    const { halt: first } = await desk.stop(REQUEST);
    const lifted = desk.lift(first.haltId, { by: BY, reason: 'over' });
    const { halt: second } = await desk.stop(REQUEST);
    await expect(lifted).rejects.toMatchObject({ code: 'conflict' });
    expect(book.live().map(({ halt }) => halt.haltId)).toEqual([second.haltId]);
    expect((await words()).at(-1)).toMatchObject({ haltId: second.haltId, lifted: false });
  });
});

describe('a kill', () => {
  it('is lifted by a second person, and not by the one who said it', async () => {
    const { halt } = await desk.stop({ ...REQUEST, mode: 'kill' });
    const lift = { by: BY, reason: 'over' };
    await expect(desk.lift(halt.haltId, lift)).rejects.toMatchObject({ code: 'second-person' });
    expect(book.live()).toHaveLength(1);
    await desk.lift(halt.haltId, { ...lift, by: 'dan@example.com' as PersonId });
    expect(book.live()).toEqual([]);
  });
});

describe('a kill that a second person says again', () => {
  const SECOND = 'dan@example.com' as PersonId;
  const kill = { ...REQUEST, mode: 'kill' } as const;
  const refused = { code: 'second-person' };

  it.each(['pause', 'kill'] as const)('stays what the first one said: by a %s', async (mode) => {
    await desk.stop({ ...kill, reason: 'it sends money' });
    const { halt } = await desk.stop({ ...REQUEST, mode, by: SECOND, reason: 'me too' });
    expect(halt).toMatchObject({ mode: 'kill', by: BY, reason: 'it sends money' });
    const first = desk.lift(halt.haltId, { by: BY, reason: 'over' });
    await expect(first).rejects.toMatchObject(refused);
    expect(book.live()).toHaveLength(1);
  });

  it('is lifted by neither of both when it was made longer', async () => {
    await desk.stop({ ...kill, forMs: 60_000 });
    const { halt } = await desk.stop({ ...kill, by: SECOND });
    expect(halt).toMatchObject({ by: SECOND, until: null });
    for (const by of [BY, SECOND]) {
      const lift = desk.lift(halt.haltId, { by, reason: 'over' });
      await expect(lift).rejects.toMatchObject(refused);
    }
    await desk.lift(halt.haltId, { by: 'eva@example.com' as PersonId, reason: 'over' });
    expect(book.live()).toEqual([]);
  });

  it('is lifted by neither of both when two gateways were told', async () => {
    const { halt } = await desk.stop(kill);
    desk.takeFromPeer(
      { ...halt, haltId: 'h-peer' as HaltId, epoch: halt.epoch + 1, by: SECOND },
      0,
    );
    const lift = desk.lift('h-peer', { by: BY, reason: 'over' });
    await expect(lift).rejects.toMatchObject(refused);
    desk.close();
  });

  it('is lifted by neither of both when the log alone tells of it', async () => {
    await desk.stop({ ...kill, forMs: 60_000 });
    const { halt } = await desk.stop({ ...kill, by: SECOND });
    const [newest] = (await words()).toReversed();
    expect(newest).toMatchObject({ haltId: halt.haltId, killers: [BY, SECOND] });
    const { logger } = createMemoryLogger();
    const checkFleet = () => Promise.reject(new Error('no fleet here'));
    const later = new HaltBook(systemClock, new FleetState({ log, logger, checkFleet }));
    later.take(halt, 0);
    expect(later.killersOf(halt)).toEqual([BY, SECOND]);
  });

  it('is lifted by neither of both when one gateway had not heard of the other', async () => {
    const { halt } = await desk.stop(kill);
    const theirs = { haltId: 'h-peer' as HaltId, epoch: halt.epoch + 1, by: SECOND };
    desk.takeFromPeer({ ...halt, ...theirs, killers: [SECOND] }, 0);
    expect(book.on(FLEET_WIDE)?.halt.killers).toEqual([SECOND, BY]);
    await vi.waitFor(async () => {
      expect((await words()).at(-1)).toMatchObject({ killers: [SECOND, BY] });
    });
    desk.close();
  });

  it('stays what the killer said where somebody only paused at the same moment', async () => {
    const { halt } = await desk.stop({ ...REQUEST, by: SECOND, reason: 'a look' });
    const theirs = { haltId: 'h-zz' as HaltId, mode: 'kill', by: BY, reason: 'money' } as const;
    desk.takeFromPeer({ ...halt, ...theirs, killers: [BY] }, 0);
    expect(book.on(FLEET_WIDE)?.halt).toMatchObject({
      ...{ haltId: halt.haltId, mode: 'kill', by: BY, reason: 'money', killers: [BY] },
    });
    await desk.lift(halt.haltId, { by: SECOND, reason: 'over' });
    desk.close();
  });

  it('keeps the first sixteen who said it', async () => {
    for (let minute = 1; minute <= 20; minute += 1) {
      const by = `p${minute}@example.com` as PersonId;
      await desk.stop({ ...kill, by, forMs: minute * 60_000 });
    }
    const killers = book.on(FLEET_WIDE)?.halt.killers;
    expect(killers).toHaveLength(16);
    expect(killers?.[0]).toBe('p1@example.com');
  });

  it('can be lifted by who said one that was lifted before', async () => {
    const { halt: over } = await desk.stop(kill);
    await desk.lift(over.haltId, { by: SECOND, reason: 'over' });
    const { halt } = await desk.stop({ ...kill, by: SECOND });
    await desk.lift(halt.haltId, { by: BY, reason: 'over' });
    expect(book.live()).toEqual([]);
  });
});

describe('a scope that is halted again', () => {
  const OTHER = 'dan@example.com' as PersonId;

  it('stays killed, for as long as was said, when somebody pauses it for a moment', async () => {
    await desk.stop({ ...REQUEST, mode: 'kill' });
    const { halt } = await desk.stop({ ...REQUEST, mode: 'pause', forMs: 1_000 });
    expect(halt).toMatchObject({ mode: 'kill', until: null });
    const lift = desk.lift(halt.haltId, { by: BY, reason: 'over' });
    await expect(lift).rejects.toMatchObject({ code: 'second-person' });
  });

  it('is killed by the second word where the first one paused, and for the longer time', async () => {
    const { halt: first } = await desk.stop({ ...REQUEST, forMs: 60_000 });
    const { halt } = await desk.stop({ ...REQUEST, mode: 'kill', forMs: 1_000, by: OTHER });
    expect(halt).toMatchObject({ mode: 'kill', by: OTHER, until: first.until });
  });

  it('is as the new word says when the one before is over', async () => {
    const { halt: over } = await desk.stop({ ...REQUEST, mode: 'kill' });
    await desk.lift(over.haltId, { by: OTHER, reason: 'over' });
    expect((await desk.stop(REQUEST)).halt).toMatchObject({ mode: 'pause', until: null });
  });

  it('is killed again when a gateway that had not heard of the kill pauses it', async () => {
    const { halt: mine } = await desk.stop({ ...REQUEST, mode: 'kill' });
    const about = { haltId: 'h-later' as HaltId, by: OTHER, mode: 'pause' } as const;
    book.take({ ...mine, ...about, epoch: mine.epoch + 1 }, 0);
    const again = { haltId: mine.haltId, mode: 'kill', epoch: mine.epoch + 2 };
    expect(book.live().map(({ halt }) => halt)).toMatchObject([again]);
    await vi.waitFor(async () => expect((await words()).at(-1)).toMatchObject(again));
  });

  it('stays killed when a pause of the same epoch is said again', async () => {
    const { halt: mine } = await desk.stop({ ...REQUEST, forMs: 1_000 });
    const about = { haltId: 'h-~' as HaltId, by: OTHER, mode: 'kill' } as const;
    book.take({ ...mine, ...about, until: null }, 0);
    const again = { haltId: mine.haltId, mode: 'kill', until: null };
    expect(book.live().map(({ halt }) => halt)).toMatchObject([again]);
  });
});

describe('epochs', () => {
  it('grow even on a scope that was forgotten among many', () => {
    const word = (name: string, epoch: number): Halt => ({
      haltId: `h-${name}-${epoch}` as HaltId,
      scope: { ...FLEET_WIDE, fleet: false, tool: name as ToolName },
      mode: 'pause',
      epoch,
      by: BY,
      reason: null,
      until: null,
      lifted: true,
      killers: [],
    });
    book.take(word('forgotten', 7), 0);
    for (let index = 0; index < SCOPES_MAX; index += 1) book.take(word(`tool-${index}`, 1), 0);
    expect(book.all()).toHaveLength(SCOPES_MAX);
    expect(book.highestEpoch).toBe(7);
  });
});

describe('a scope that two gateways halt at the same time', () => {
  const elsewhere = (mine: Halt, haltId: string): Halt => {
    return { ...mine, haltId: haltId as HaltId, by: 'dan@example.com' };
  };

  it('is halted by the second word again, so that to lift the first does not end it', async () => {
    const { halt: mine } = await desk.stop(REQUEST);
    const other = elsewhere(mine, 'h-~');
    book.take(other, 0);
    expect(book.live().map(({ halt }) => halt.haltId)).toEqual([mine.haltId]);
    const again = { haltId: mine.haltId, epoch: other.epoch + 1 };
    await vi.waitFor(async () => expect((await words()).at(-1)).toMatchObject(again));
    book.take({ ...other, lifted: true }, 0);
    expect(book.live()).toHaveLength(1);
  });

  it('stays as this gateway said it when its word is the one that stands', async () => {
    const { halt: mine } = await desk.stop(REQUEST);
    book.take(elsewhere(mine, 'h-!'), 0);
    expect(book.live().map(({ halt }) => halt.haltId)).toEqual([mine.haltId]);
    expect(await words()).toHaveLength(1);
  });

  it('is left to a later word, which is no tie', async () => {
    const { halt: mine } = await desk.stop(REQUEST);
    book.take({ ...elsewhere(mine, 'h-later'), epoch: mine.epoch + 1 }, 0);
    expect(book.live().map(({ halt }) => halt.haltId)).toEqual(['h-later']);
    expect(await words()).toHaveLength(1);
  });
});

describe('a halt that the log does not take', () => {
  const refuse = () => Promise.reject(new EstopError('log-unavailable', 'pulled out by the test'));

  it('is in force, told to the peers and kept before it is answered', async () => {
    vi.spyOn(log, 'publish').mockImplementation(refuse);
    const { halt, isWritten } = await desk.stop(REQUEST);
    expect(isWritten).toBe(false);
    expect(kept).toEqual([halt]);
    expect(told).toEqual([halt]);
    expect(book.live()).toHaveLength(1);
    desk.close();
  });

  it('is answered after a second when the log does not answer', async () => {
    vi.spyOn(log, 'publish').mockImplementation(() => new Promise(() => {}));
    expect(await desk.stop(REQUEST)).toMatchObject({ isWritten: false });
    desk.close();
  });

  it('is in force again after a restart, and written then', async () => {
    const halt = (await desk.stop(REQUEST)).halt;
    kept = [{ ...halt, haltId: 'h-kept' as HaltId, epoch: 9 }];
    desk.restore();
    desk.caughtUp();
    expect(book.live().map((known) => known.halt.haltId)).toEqual(['h-kept']);
    await vi.waitFor(async () => expect((await words()).at(-1)?.haltId).toBe('h-kept'), 5_000);
    await vi.waitFor(() => expect(kept).toEqual([]));
  });

  it('stays in force when the disk refuses to keep it, too', async () => {
    const { logger, lines } = createMemoryLogger();
    const save = () => Promise.reject(new Error('ENOSPC'));
    const unwritten = { load: () => [], save };
    const parts = { log, clock: systemClock, logger, limits: LIMITS, book, unwritten };
    const full = new HaltDesk({ ...parts, onSaid: () => undefined });
    vi.spyOn(log, 'publish').mockImplementation(refuse);
    await full.stop(REQUEST);
    expect(book.live()).toHaveLength(1);
    expect(lines.join()).toContain('ENOSPC');
    full.close();
  });
});

describe('a halt on a disk that hangs', () => {
  it('is in force and told at once, answered all the same, and logged', async () => {
    const { logger, lines } = createMemoryLogger();
    const save = () => new Promise<void>(() => undefined);
    const unwritten = { load: () => [], save };
    const parts = { log, clock: systemClock, logger, limits: LIMITS, book, unwritten };
    const onSaid = ({ halt }: { readonly halt: Halt }) => void told.push(halt);
    const hung = new HaltDesk({ ...parts, onSaid });
    vi.spyOn(log, 'publish').mockImplementation(() => new Promise(() => {}));
    const answer = hung.stop(REQUEST);
    expect(book.live()).toHaveLength(1);
    expect(told).toHaveLength(1);
    expect(await answer).toMatchObject({ isWritten: false });
    expect(lines.join()).toContain('the disk hangs');
    hung.close();
  });
});

describe('a halt that another gateway has said', () => {
  const halt: Halt = {
    ...{ haltId: 'h-peer' as HaltId, scope: FLEET_WIDE, mode: 'kill', epoch: 4, by: BY },
    ...{ reason: null, until: null, lifted: false, killers: [] },
  };

  it('is in force at once, and written from here when it does not come by the log', async () => {
    desk.takeFromPeer(halt, 0);
    expect(book.live()).toHaveLength(1);
    await vi.waitFor(
      async () => expect(await words()).toMatchObject([{ haltId: 'h-peer' }]),
      5_000,
    );
    expect(told).toEqual([]);
  });

  it('is not written again when the log has it', async () => {
    desk.takeFromPeer(halt, 0);
    desk.logged(halt);
    await vi.waitFor(() => expect(kept).toEqual([]));
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await words()).toEqual([]);
  });
});

describe('a word that comes into the log behind a later one', () => {
  const halt: Halt = {
    ...{ haltId: 'h-new' as HaltId, scope: FLEET_WIDE, mode: 'kill', epoch: 6, by: BY },
    ...{ reason: null, until: null, lifted: false, killers: [] },
  };
  /** As the feed does with what it reads. */
  const hear = (word: Halt): void => {
    book.take(word, 0);
    desk.logged(word);
  };

  it('is not what the log keeps of the scope: the one that stands is written again', async () => {
    hear(halt);
    hear({ ...halt, haltId: 'h-old' as HaltId, epoch: 5, lifted: true });
    await vi.waitFor(async () => expect(await words()).toEqual([halt]));
  });

  it('does not bring back a halt that was lifted', async () => {
    hear({ ...halt, lifted: true });
    hear(halt);
    await vi.waitFor(async () => expect(await words()).toEqual([{ ...halt, lifted: true }]));
  });

  it('is left alone when somebody else has written the one that stands again', async () => {
    hear(halt);
    hear({ ...halt, haltId: 'h-old' as HaltId, epoch: 5 });
    hear(halt);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await words()).toEqual([]);
  });
});

describe('a halt that was not heard from the log yet', () => {
  const OTHER = 'h-other' as HaltId;
  const halt: Halt = {
    ...{ haltId: 'h-kill' as HaltId, scope: FLEET_WIDE, mode: 'kill', epoch: 4, by: BY },
    ...{ reason: null, until: null, lifted: false, killers: [] },
  };
  const other: Halt = { ...halt, haltId: OTHER, epoch: 7 };
  const lift: Halt = { ...other, lifted: true };
  const hear = (word: Halt): void => {
    book.take(word, 0);
    desk.logged(word);
  };
  const expectKilled = () =>
    expect(book.live()).toMatchObject([{ halt: { haltId: halt.haltId, epoch: 8, mode: 'kill' } }]);

  it('stands against the lift of another one when an earlier process has said it', async () => {
    kept = [halt];
    desk.restore();
    hear(other);
    hear(lift);
    desk.caughtUp();
    expectKilled();
    await vi.waitFor(async () => {
      expect((await words()).at(-1)).toMatchObject({ haltId: halt.haltId, epoch: 8 });
    });
  });

  it('stands where compaction has left of the other one its lift alone', () => {
    kept = [halt];
    desk.restore();
    hear(lift);
    expectKilled();
  });

  it('stands when another gateway has said it', async () => {
    desk.takeFromPeer(halt, 0);
    hear(lift);
    expectKilled();
    await vi.waitFor(async () => {
      expect((await words()).at(-1)).toMatchObject({ haltId: halt.haltId, epoch: 8 });
    });
  });

  it('stands when the lift comes from another gateway, and is written', async () => {
    vi.spyOn(log, 'publish').mockRejectedValue(new EstopError('log-unavailable', 'pulled out'));
    desk.takeFromPeer(halt, 0);
    desk.takeFromPeer(lift, 0);
    expectKilled();
    await vi.waitFor(() => expect(kept).toMatchObject([{ haltId: halt.haltId, epoch: 8 }]));
    desk.close();
  });

  it('stands although it is in the log, behind the lift', async () => {
    const { halt: mine, isWritten } = await desk.stop(REQUEST);
    expect(isWritten).toBe(true);
    hear({ ...lift, epoch: mine.epoch + 1 });
    expect(book.live()).toMatchObject([{ halt: { haltId: mine.haltId } }]);
  });

  it('gives way to the lift of a later one once the log has shown both', () => {
    desk.takeFromPeer(halt, 0);
    for (const word of [halt, other, lift]) hear(word);
    expect(book.live()).toEqual([]);
  });

  it('has the next epoch where the epochs have gone on while it was kept', async () => {
    kept = [halt];
    desk.restore();
    hear({ ...other, scope: { ...FLEET_WIDE, fleet: false, tool: 'crm.read' as ToolName } });
    desk.caughtUp();
    await vi.waitFor(async () => {
      expect(await words()).toMatchObject([{ haltId: halt.haltId, epoch: 8 }]);
    });
  });

  it('is not replaced by one that stops less when an earlier process has said it', () => {
    kept = [halt];
    desk.restore();
    hear({ ...other, mode: 'pause' });
    expectKilled();
  });

  it('is not written over a later one before the log was read', async () => {
    kept = [halt];
    desk.restore();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    hear(other);
    desk.caughtUp();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await words()).toEqual([]);
    expect(book.live()).toMatchObject([{ halt: { haltId: OTHER } }]);
  });
});

describe('a halt that the log does not hold yet', () => {
  it('stands against the end of an earlier one that it had not heard of', async () => {
    vi.spyOn(log, 'publish').mockRejectedValue(new EstopError('log-unavailable', 'pulled out'));
    const { halt } = await desk.stop({ ...REQUEST, mode: 'kill' });
    const earlier = { ...halt, haltId: 'h-0' as HaltId, epoch: halt.epoch + 3, lifted: true };
    book.take(earlier, 0);
    expect(book.live()).toMatchObject([{ halt: { mode: 'kill', lifted: false } }]);
    desk.close();
  });

  it('is not forgotten when an earlier one of its scope is lifted', async () => {
    const first = (await desk.stop(REQUEST)).halt;
    const write = vi.spyOn(log, 'publish');
    const lifted = desk.lift(first.haltId, { by: BY, reason: 'over' }).catch(() => undefined);
    await vi.waitFor(() => expect(write).toHaveBeenCalled());
    write.mockRejectedValue(new EstopError('log-unavailable', 'pulled out'));
    const second = (await desk.stop(REQUEST)).halt;
    await lifted;
    await vi.waitFor(() => expect(kept.map(({ haltId }) => haltId)).toEqual([second.haltId]));
    desk.close();
  });
});
