/** The simulated fleet through the production detectors: false trips, and what bursts are found. */
import { DEFAULT_CONFIG } from '@estop/breaker/domain/config/breaker-config';
import type { Finding } from '@estop/breaker/domain/finding';
import { countLimit } from '@estop/breaker/domain/numbers/negative-binomial';
import { observe, tick } from '@estop/breaker/domain/observe';
import {
  type AgentState,
  decodeState,
  emptyState,
  encodeState,
} from '@estop/breaker/domain/state/layout';
import { drawsOf } from './draws.ts';
import { callsOf, type FleetAgent, fleetOf, meanOf, type Spread, varianceOf } from './fleet.ts';
import { type Caller, callerOf } from './fleet-calls.ts';
import type { Report } from './report.ts';
import { rollingZ } from './rolling-deviations.ts';

export const DAYS = 30;
const START_MS = 1_700_006_400_000;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const WARM_UP_MINUTES = DAY_MINUTES;
/** Trips of one agent this close together are one. */
const REFRACTORY_MINUTES = 30;
const BURSTS = [5, 10, 30] as const;
const DRIFT = 3;
const DRIFT_MINUTES = 15;
/** Incidents tried on each agent, on copies of it, in the last third of the time. */
const TRIALS = 3;
const Z = 2.5;
const Z_WINDOW = 60;
const SEED = 20_261_122;

interface Tally {
  trips: number;
  zTrips: number;
  coldTrips: number;
  readonly perAgent: number[];
  readonly found: Map<string, number>;
  tried: number;
}

export function benchFleet(agents: number, spread: Spread, report: Report): void {
  const tally: Tally = {
    trips: 0,
    zTrips: 0,
    coldTrips: 0,
    perAgent: [],
    found: new Map(),
    tried: 0,
  };
  for (const [n, agent] of fleetOf(agents, SEED, spread).entries()) live(agent, n, tally);
  const months = (agents * (DAYS - 1)) / 30;
  const share = (name: string) => percent((tally.found.get(name) ?? 0) / tally.tried);
  const name = `fleet of ${agents}, ${spread}`;
  const worst = tally.perAgent.sort((a, b) => a - b).at(Math.floor(0.95 * agents)) ?? 0;
  const folds = `95 % of agents ≤ ${worst}`;
  report.figure(
    `${name}, false trips an agent-month`,
    (tally.trips / months).toFixed(2),
    '≤ 1',
    folds,
  );
  report.figure(
    `${name}, trips in an agent's first day`,
    (tally.coldTrips / agents).toFixed(2),
    '-',
  );
  const asked = { 5: '-', 10: '≥ 85 %', 30: 'all' } as const;
  for (const burst of BURSTS) {
    report.figure(`${name}, ×${burst} found within its minute`, share(`×${burst}`), asked[burst]);
    report.rival(
      `${name}, ×${burst}, by a detector that knows the true distribution`,
      share(`oracle ×${burst}`),
    );
  }
  report.figure(
    `${name}, ×${DRIFT} found within ${DRIFT_MINUTES} minutes`,
    share('drift'),
    'found',
  );
  const z = `${(tally.zTrips / months).toFixed(0)}, ×10 ${share('z ×10')}`;
  report.rival(`${name}, rolling z > ${Z}, false trips an agent-month`, z);
}

/** One agent's month, and incidents on copies of it. */
function live(agent: FleetAgent, n: number, tally: Tally): void {
  const life: Life = {
    agent,
    state: emptyState(DEFAULT_CONFIG.prior),
    call: callerOf(agent.draws),
    calls: 0,
  };
  const chance = drawsOf(SEED + 7 * n);
  const trials = new Set(
    Array.from({ length: TRIALS }, () =>
      Math.floor(DAY_MINUTES * DAYS * (2 / 3 + chance.uniform() / 3)),
    ),
  );
  const counts: number[] = [];
  const last = { trip: -DAY_MINUTES, z: -DAY_MINUTES };
  let trips = 0;
  for (let minute = 0; minute < DAYS * DAY_MINUTES; minute += 1) {
    if (trials.has(minute)) tryIncidents(life, { minute, counts }, tally);
    const calls = callsOf(agent, minute);
    const isTrip = playMinute(life, minute, calls);
    const isWarm = minute >= WARM_UP_MINUTES;
    if (isTrip && minute - last.trip >= REFRACTORY_MINUTES) {
      last.trip = minute;
      if (isWarm) trips += 1;
      else tally.coldTrips += 1;
    }
    if (rollingZ(counts, calls) > Z && minute - last.z >= REFRACTORY_MINUTES) {
      last.z = minute;
      if (isWarm) tally.zTrips += 1;
    }
    counts.push(calls);
    if (counts.length > Z_WINDOW) counts.shift();
  }
  tally.trips += trips;
  tally.perAgent.push(trips);
}

interface Life {
  readonly agent: FleetAgent;
  readonly state: AgentState;
  readonly call: Caller;
  calls: number;
}

function tryIncidents(
  life: Life,
  { minute, counts }: { readonly minute: number; readonly counts: readonly number[] },
  tally: Tally,
): void {
  const { agent } = life;
  const hit = (name: string, isFound: boolean) => {
    if (isFound) tally.found.set(name, (tally.found.get(name) ?? 0) + 1);
  };
  tally.tried += 1;
  const known = { mean: meanOf(agent, minute), variance: varianceOf(agent, minute) };
  const oracle = Math.max(10, countLimit(known, 1 / 86_400));
  for (const burst of BURSTS) {
    const calls = callsOf(agent, minute, burst);
    hit(`×${burst}`, playMinute(copyOf(life), minute, calls));
    hit(`oracle ×${burst}`, calls >= oracle);
    hit(`z ×${burst}`, rollingZ(counts, calls) > Z);
  }
  const drifting = copyOf(life);
  let isFound = false;
  for (let n = 0; n < DRIFT_MINUTES && !isFound; n += 1) {
    isFound = playMinute(drifting, minute + n, callsOf(agent, minute + n, DRIFT));
  }
  hit('drift', isFound);
}

function copyOf(life: Life): Life {
  return { ...life, state: decodeState(encodeState(life.state)) ?? life.state };
}

/** Whether the detectors tripped in this minute or at its end. */
function playMinute(life: Life, minute: number, calls: number): boolean {
  const startMs = START_MS + minute * MINUTE_MS;
  let isTrip = false;
  const note = (findings: readonly Finding[]) => {
    isTrip ||= findings.length > 0;
  };
  for (let n = 0; n < calls; n += 1) {
    const sample = life.call(startMs + Math.floor((n * MINUTE_MS) / calls), life.calls);
    life.calls += 1;
    note(observe(life.state, sample, DEFAULT_CONFIG));
  }
  note(tick(life.state, startMs + MINUTE_MS, DEFAULT_CONFIG));
  return isTrip;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
