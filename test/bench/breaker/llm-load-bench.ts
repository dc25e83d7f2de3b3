/** Recorded request traces as fleets: their requests dealt out to agents, and the bursts again. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_CONFIG } from '@estop/breaker/domain/config/breaker-config';
import { observe, tick } from '@estop/breaker/domain/observe';
import type { Sample } from '@estop/breaker/domain/sample';
import {
  type AgentState,
  decodeState,
  emptyState,
  encodeState,
} from '@estop/breaker/domain/state/layout';
import type { Report } from './report.ts';
import { rollingZ } from './rolling-deviations.ts';

interface Request {
  readonly atMs: number;
  readonly tokens: number;
}

const AGENTS = 20;
/** The recording is played again and again for a day, so that there is something to learn. */
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const START_MS = 1_700_006_400_000;
const BURSTS = [10, 30] as const;
const Z = 2.5;

export function benchLlmLoad(dir: string, report: Report): void {
  const folder = join(dir, 'llmload');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.csv'))
    .sort()) {
    const requests = readRequests(join(folder, name));
    const fleet = Array.from({ length: AGENTS }, (_, agent) =>
      requests.filter((_, n) => n % AGENTS === agent),
    );
    const played = fleet.map((own) => playDay(own, requests.at(-1)?.atMs ?? 0));
    const sum = (pick: (one: Played) => number) => played.reduce((all, one) => all + pick(one), 0);
    const trace = name.replace('.csv', '');
    const busiest = Math.max(...fleet.map(busiestMinute));
    report.figure(`${trace}, trips on the recording as it is`, String(sum((one) => one.cold)), '0');
    report.figure(`${trace}, trips on a day of it`, String(sum((one) => one.trips)), '0');
    for (const burst of BURSTS) {
      const found = sum((one) => (one.found.includes(burst) ? 1 : 0));
      const asked = burst === 10 ? '≥ 85 %' : 'all';
      report.figure(`${trace}, ×${burst} found within a minute`, `${found} of ${AGENTS}`, asked);
    }
    report.rival(`${trace}, busiest minute of an agent`, `×${busiest.toFixed(1)} of its mean`);
    report.rival(`${trace}, rolling z > ${Z}, trips on the recording`, String(sum((one) => one.z)));
  }
}

interface Played {
  readonly cold: number;
  readonly trips: number;
  readonly z: number;
  readonly found: readonly number[];
}

function readRequests(path: string): readonly Request[] {
  const rows = readFileSync(path, 'utf8').trim().split(/\r?\n/).slice(1);
  return rows.map((row) => {
    const [seconds = 0, input = 0, output = 0] = row.split(',').map(Number);
    return { atMs: Math.round(seconds * 1_000), tokens: input + output };
  });
}

function playDay(requests: readonly Request[], lengthMs: number): Played {
  const state = emptyState(DEFAULT_CONFIG.prior);
  const periodMs = Math.ceil(lengthMs / MINUTE_MS) * MINUTE_MS;
  let cold = 0;
  let trips = 0;
  for (let startMs = START_MS; startMs < START_MS + DAY_MS; startMs += periodMs) {
    const found = play(state, requests, startMs);
    trips += found;
    if (startMs === START_MS) cold = found;
  }
  const endMs = START_MS + Math.ceil(DAY_MS / periodMs) * periodMs;
  const isFound = (factor: number) =>
    findsBurst(state, requests, { factor, startMs: endMs, periodMs });
  const z = rollingTrips(countsOf(requests));
  return { cold, trips, z, found: BURSTS.filter(isFound) };
}

function busiestMinute(requests: readonly Request[]): number {
  const counts = countsOf(requests);
  return (Math.max(...counts) * counts.length) / requests.length;
}

function countsOf(requests: readonly Request[]): readonly number[] {
  const minutes = Math.floor((requests.at(-1)?.atMs ?? 0) / MINUTE_MS) + 1;
  const counts = new Array<number>(minutes).fill(0);
  for (const { atMs } of requests) {
    const minute = Math.floor(atMs / MINUTE_MS);
    counts[minute] = (counts[minute] ?? 0) + 1;
  }
  return counts;
}

function rollingTrips(counts: readonly number[]): number {
  return counts.filter((count, n) => rollingZ(counts.slice(Math.max(0, n - 60), n), count) > Z)
    .length;
}

/** As many minutes as tripped. */
function play(state: AgentState, requests: readonly Request[], startMs: number): number {
  const minutes = new Set<number>();
  for (const [n, { atMs, tokens }] of requests.entries()) {
    const sample = sampleOf(startMs + atMs, n, tokens);
    if (observe(state, sample, DEFAULT_CONFIG).length > 0)
      minutes.add(Math.floor(atMs / MINUTE_MS));
  }
  return minutes.size;
}

/** A minute with so many times the calls that the recording's minutes have on the average. */
function findsBurst(before: AgentState, requests: readonly Request[], burst: Burst): boolean {
  const state = decodeState(encodeState(before)) ?? before;
  const calls = Math.round((burst.factor * requests.length * MINUTE_MS) / burst.periodMs);
  let isFound = tick(state, burst.startMs, DEFAULT_CONFIG).length > 0;
  for (let n = 0; n < calls; n += 1) {
    const at = burst.startMs + Math.floor((n * MINUTE_MS) / calls);
    const sample = sampleOf(at, n, requests[n % requests.length]?.tokens ?? 0);
    isFound ||= observe(state, sample, DEFAULT_CONFIG).length > 0;
  }
  return isFound;
}

interface Burst {
  readonly factor: number;
  readonly startMs: number;
  readonly periodMs: number;
}

function sampleOf(at: number, n: number, tokens: number): Sample {
  return {
    at,
    ref: n + 1,
    session: 'session',
    tool: 'complete',
    tier: 'read',
    decision: 'allow',
    outcome: { status: 'ok', microUsd: 0, tokens, durationMs: null, resultDigest: null },
    argumentsDigest: `sha256:${n}`,
    targets: [],
    pollIntervalMs: null,
  };
}
