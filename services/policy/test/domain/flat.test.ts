/** What time alone takes away: heap per idle agent, and a day of ticks. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decide } from '@estop/policy/domain/decide';
import type { Fleet } from '@estop/policy/domain/fleet';
import type { Input } from '@estop/policy/domain/input';
import { EXPIRIES_PER_TICK_MAX } from '@estop/policy/domain/limits';
import { takeDue } from '@estop/policy/domain/schedule';
import { describe, expect, it } from 'vitest';
import { callsBudget, createFleetDouble, rate } from './fleet-double.ts';
import { intentInput, Partition } from './specification.ts';

const HOUR_MS = 3_600_000;
const DAY_SECONDS = 86_400;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function busyFleet(agents: readonly string[]): Fleet {
  return createFleetDouble({
    agents,
    budgets: [callsBudget('calls', 1_000_000), callsBudget('day', 1_000_000, 24 * HOUR_MS)],
    rates: [rate('minute', 1_000, 60_000), rate('hour', 1_000, HOUR_MS)],
  });
}

/** Forgets the records, which the log keeps and not the decider. */
function take(partition: Partition, input: Input): void {
  partition.when(input);
  partition.records.length = 0;
}

/** One second: what is due runs out, as the process has it run out. */
function tick(partition: Partition): void {
  partition.after(1_000);
  for (const agentId of takeDue(partition.state.schedule, partition.atMs, EXPIRIES_PER_TICK_MAX)) {
    const { state, fleet, atMs } = partition;
    const context = { state, fleet, atMs, nowMs: atMs };
    const input: Input = { type: 'expiry', agentId };
    while (decide(context, input).kind === 'record') take(partition, input);
  }
}

let asked = 0;

/** An intent whose texts are its own, as those of a decoded one are. */
function ask(partition: Partition, agentId: string): void {
  asked += 1;
  const ids = { intentId: `${asked}`.padStart(36, '0'), sessionId: `${asked}`.padStart(36, 's') };
  const fields = { agentId, ...ids, tool: `tool.${asked % 5}`, microUsd: 5 };
  take(partition, JSON.parse(JSON.stringify(intentInput(fields))));
}

function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `agent-${index}`);
}

describe('the memory of a partition', () => {
  it('holds an idle agent that is past every window in 4 kB at most', () => {
    const agents = names(2_000);
    const partition = new Partition(busyFleet(agents));
    const before = heapBytes();
    for (let call = 0; call < 10; call += 1) {
      for (const [index, agentId] of agents.entries()) {
        if (call <= index % 10) ask(partition, agentId);
      }
      partition.after(60_000);
    }
    for (let second = 0; second < 1_800; second += 1) tick(partition);
    partition.after(26 * HOUR_MS);
    ask(partition, 'agent-0');
    const perAgent = (heapBytes() - before) / agents.length;
    expect(partition.state.agentById.size).toBe(agents.length);
    expect(perAgent).toBeLessThanOrEqual(4_096);
  });

  it('stays as it is over a day of ticks without traffic', () => {
    const agents = names(500);
    const partition = new Partition(busyFleet(agents));
    for (const agentId of agents) ask(partition, agentId);
    for (let second = 0; second < 3_600; second += 1) tick(partition);
    const before = heapBytes();
    for (let second = 0; second < DAY_SECONDS; second += 1) tick(partition);
    // One number for each tick would be 700 kB.
    expect(heapBytes() - before).toBeLessThan(512 * 1024);
  });

  it('is the same after two days of light traffic as after three', () => {
    const agents = names(500);
    const partition = new Partition(busyFleet(agents));
    const day = () => {
      for (let second = 0; second < DAY_SECONDS; second += 1) {
        tick(partition);
        if (second % 16 === 0) ask(partition, `agent-${(second * 7) % 500}`);
      }
      return heapBytes();
    };
    day();
    const second = day();
    // Each day brings 5,400 intents of some 300 bytes.
    expect(day() - second).toBeLessThan(512 * 1024);
  });
});
