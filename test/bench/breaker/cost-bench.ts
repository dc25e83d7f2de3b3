/** What an update costs, and what an agent takes, from a thousand agents to a hundred thousand. */
import { DEFAULT_CONFIG } from '@estop/breaker/domain/config/breaker-config';
import { observe } from '@estop/breaker/domain/observe';
import { type AgentState, emptyState, STATE_BYTES } from '@estop/breaker/domain/state/layout';
import { drawsOf } from './draws.ts';
import { callerOf } from './fleet-calls.ts';
import type { Report } from './report.ts';

const FLEETS = [1_000, 10_000, 100_000];
const MEASURED_FROM = 100_000;
const UPDATES = 1_000_000;
const BATCH = 10_000;
const ROUNDS = 3;
const START_MS = 1_700_006_400_000;

export function benchCost(report: Report): void {
  report.figure('state of one agent', `${STATE_BYTES} bytes`, '≤ 4 kB');
  for (const agents of FLEETS) {
    const before = bytesInUse();
    const states = Array.from({ length: agents }, () => emptyState(DEFAULT_CONFIG.prior));
    const held = (bytesInUse() - before) / agents;
    const micros = measure(states);
    const name = `${agents.toLocaleString('en-US')} agents`;
    report.figure(
      `${name}, an update`,
      `${micros.map((us) => us.toFixed(2)).join(' to ')} µs`,
      '≤ 2 µs',
    );
    // Of a small fleet the collector frees more meanwhile than it takes.
    if (agents < MEASURED_FROM) continue;
    report.figure(`${name}, memory of the process for one`, `${Math.round(held)} bytes`, '-');
  }
}

/** Fastest and slowest round, µs of processor time; agents in turn, a call every 20 s of each. */
function measure(states: readonly AgentState[]): readonly number[] {
  const call = callerOf(drawsOf(1));
  const stepMs = 20_000 / states.length;
  const samples = Array.from({ length: BATCH }, (_, n) => ({ ...call(START_MS, n) }));
  let updates = 0;
  const rounds = Array.from({ length: ROUNDS }, () => {
    let spentMicros = 0;
    for (let batch = 0; batch < UPDATES; batch += BATCH) {
      // Made before the clock runs: reading them off a log is not the detectors' work.
      for (const [n, sample] of samples.entries()) {
        sample.at = START_MS + Math.floor((updates + n) * stepMs);
        sample.ref = updates + n + 1;
      }
      const before = process.cpuUsage();
      for (const sample of samples) {
        const state = states[updates % states.length];
        updates += 1;
        if (state !== undefined) observe(state, sample, DEFAULT_CONFIG);
      }
      const { user, system } = process.cpuUsage(before);
      spentMicros += user + system;
    }
    return spentMicros / UPDATES;
  }).sort((a, b) => a - b);
  return [rounds[0] ?? 0, rounds.at(-1) ?? 0];
}

function bytesInUse(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
