import { MemoryLog } from '@estop/log/memory-log';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { HaltId, ToolName } from '@estop/schemas/ids';
import type { Halt } from '@estop/schemas/messages';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HaltReporter } from '../src/enforcement/halt-reporter.ts';
import { LEASE_MS } from '../src/enforcement/point.ts';
import { EnforcementPoints } from '../src/enforcement/points.ts';
import { FleetState } from '../src/read-models/fleet-state.ts';
import { HaltBook } from '../src/read-models/halt-book.ts';

const OWNER = 'agent:billing-bot';

let log: MemoryLog;
let book: HaltBook;
let points: EnforcementPoints;
let reporter: HaltReporter;
let logLines: readonly string[];

beforeEach(() => {
  vi.useFakeTimers();
  log = new MemoryLog();
  const { logger, lines } = createMemoryLogger();
  logLines = lines;
  const clock = { nowMs: () => Date.now(), monotonicMs: () => Date.now() };
  const checkFleet = () => Promise.reject(new Error('no fleet here'));
  book = new HaltBook(clock, new FleetState({ log, logger, checkFleet }));
  points = new EnforcementPoints(clock, book, 1);
  const closing = new AbortController().signal;
  reporter = new HaltReporter({ log, logger, points, closing });
});

afterEach(() => {
  vi.useRealTimers();
});

function connectMute(): void {
  const owner = { principal: OWNER, agentId: null, pointsMax: 1 };
  points.connect('mute', owner, {
    say: () => undefined,
    sayBreaker: () => undefined,
    close: () => undefined,
  });
  points.renew(OWNER, 'mute', { epoch: 0, sequence: null });
}

function say(number: number, epoch = number): void {
  const tool = `crm.tool-${number}` as ToolName;
  const scope = { fleet: false, group: null, agent: null, tool };
  const about = { mode: 'kill', by: 'olga@example.com', reason: null, until: null } as const;
  const halt: Halt = {
    haltId: `h-${number}` as HaltId,
    scope,
    epoch,
    lifted: false,
    killers: [],
    ...about,
  };
  book.take(halt, Date.now());
  reporter.report(halt);
}

async function reports(): Promise<readonly object[]> {
  const found: object[] = [];
  for (let partition = 0; partition < log.partitions; partition += 1) {
    const options = { fromOffset: 0, maxRecords: 2_000 };
    const { records } = await log.read('commands.v1', partition, options);
    for (const { value } of records) {
      const { body } = log.codec('commands.v1').decode(value ?? Buffer.alloc(0));
      if (body.type === 'ReportHalt') found.push(body);
    }
  }
  return found;
}

describe('the report of a halt', () => {
  it('says that nobody was asked where no point was connected', async () => {
    say(1);
    await vi.advanceTimersByTimeAsync(LEASE_MS);
    expect(await reports()).toMatchObject([{ haltId: 'h-1', points: 0, confirmed: 0 }]);
  });

  it('is written of each of many halts at a time', async () => {
    connectMute();
    const count = 200;
    for (let number = 1; number <= count; number += 1) say(number);
    await vi.advanceTimersByTimeAsync(2 * LEASE_MS);
    const written = await reports();
    expect(written.filter((report) => 'points' in report && report.points === 1)).toHaveLength(
      count,
    );
    // Those that are reported give way again.
    expect(points.confirmations({ haltId: 'h-100' as HaltId, epoch: 100 })).toBeUndefined();
    expect(points.confirmations({ haltId: 'h-200' as HaltId, epoch: 200 })).toHaveLength(1);
  });

  it('is told when there are more than a thousand, and not forgotten for those before', async () => {
    connectMute();
    const count = 1_002;
    for (let number = 1; number <= count; number += 1) say(number);
    await vi.advanceTimersByTimeAsync(2 * LEASE_MS);
    expect(await reports()).toHaveLength(1_000);
    expect(logLines.filter((line) => line.includes('not reported'))).toHaveLength(2);
  });

  it('is written once of each word that a halt is said with', async () => {
    connectMute();
    say(1);
    say(1);
    say(1, 2);
    await vi.advanceTimersByTimeAsync(2 * LEASE_MS);
    say(1, 2);
    say(1, 3);
    await vi.advanceTimersByTimeAsync(2 * LEASE_MS);
    const about = { haltId: 'h-1', confirmed: 0 };
    expect(await reports()).toMatchObject([1, 2, 3].map((epoch) => ({ ...about, epoch })));
  });
});
