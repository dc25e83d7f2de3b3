import { MemoryLog } from '@estop/log/memory-log';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { HaltId, PersonId, ToolName } from '@estop/schemas/ids';
import type { Halt, HaltScope } from '@estop/schemas/messages';
import { beforeEach, describe, expect, it } from 'vitest';
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

beforeEach(() => {
  log = new MemoryLog();
  const { logger } = createMemoryLogger();
  const checkFleet = () => Promise.reject(new Error('no fleet here'));
  book = new HaltBook(systemClock, new FleetState({ log, logger, checkFleet }));
  const limits = { ...LIMITS, liftAppliedMs: 1 };
  desk = new HaltDesk({ log, clock: systemClock, logger, limits, book });
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
    });
    book.take(word('forgotten', 7), 0);
    for (let index = 0; index < SCOPES_MAX; index += 1) book.take(word(`tool-${index}`, 1), 0);
    expect(book.all()).toHaveLength(SCOPES_MAX);
    expect(book.nextEpoch(word('forgotten', 0).scope)).toBe(8);
  });
});
