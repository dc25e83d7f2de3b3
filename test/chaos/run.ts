/** A run: the world at work, one step of faults after the other, then quiet, then the verdict. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkHistory, type Judgement } from './checker/check.ts';
import type { StateVerdict, Violation } from './checker/history.ts';
import { auditLeaders } from './faults/brokers.ts';
import type { Fault } from './faults/fault.ts';
import { BUDGETS } from './fleet.ts';
import { Load } from './load.ts';
import { Random } from './random.ts';
import { backlogOf, readTopics } from './read-history.ts';
import type { FaultRecord } from './report.ts';
import { type PlannedFault, planFaults, type Step } from './schedule.ts';
import { leaderMoved, takeoverTimes } from './signs.ts';
import { openWorld, PARTITIONS, type World } from './world.ts';

/** How long everybody may take to be served again once a fault is over. */
const RECOVERY_MS_MAX = 90_000;
const DRAIN_MS_MAX = 60_000;
const POLL_MS = 250;
/** Approvals end after 2 s, budgets' windows after 10 s; ticks come each second. */
const SETTLE_MS = 4_000;
const COMPARISONS_MAX = 4;

export interface RunOptions {
  readonly faults: number;
  readonly seed: number;
  /** Only kinds whose name contains one of these, with commas between. */
  readonly only?: string | undefined;
  /** Told of each fault as it comes. */
  readonly tell: (line: string) => void;
  /** Keeps what the processes log. */
  readonly logFolder?: string | undefined;
}

export interface RunResult {
  readonly faults: readonly FaultRecord[];
  readonly judgement: Judgement;
  readonly seconds: number;
}

export async function runChaos(options: RunOptions): Promise<RunResult> {
  const startMs = Date.now();
  const world = await openWorld(options.logFolder);
  try {
    const { doors, keyByAgent } = world;
    const load = new Load({ doors, keyByAgent, seed: options.seed });
    await load.untilAllAnswered(Date.now(), RECOVERY_MS_MAX);
    options.tell(`everybody is served after ${Math.round((Date.now() - startMs) / 1_000)} s`);
    const played: FaultRecord[] = [];
    for (const step of planFaults(options)) {
      const records = await playStep(step, world, load);
      for (const record of records) options.tell(lineOf(record, startMs));
      played.push(...records);
      if (records.some(({ recoveredMs }) => recoveredMs === null)) break;
    }
    await load.stop();
    const { judgement, takeovers } = await judge(world, load, played);
    const seconds = Math.round((Date.now() - startMs) / 1_000);
    return { faults: withTakeovers(played, takeovers), judgement, seconds };
  } finally {
    await world.close();
  }
}

/** Injects all of a step, holds each for its time, and waits until everybody is served again. */
async function playStep(step: Step, world: World, load: Load): Promise<readonly FaultRecord[]> {
  const records: Promise<FaultRecord>[] = [];
  let spared: string | null = null;
  for (const planned of step) {
    const fault = await planned.kind.make(world, new Random(planned.seed), spared);
    spared = fault.on;
    records.push(play(planned, fault, world, load));
  }
  return Promise.all(records);
}

async function play(
  { kind, holdMs }: PlannedFault,
  fault: Fault,
  world: World,
  load: Load,
): Promise<FaultRecord> {
  const over = new AbortController();
  const { bootstrap } = world.cluster;
  const leaders = kind.sign === 'leader' ? await auditLeaders(bootstrap) : [];
  const beganMs = Date.now();
  await fault.inject();
  const injectedMs = Date.now();
  const moved =
    kind.sign === 'leader' ? leaderMoved(bootstrap, leaders, over.signal) : Promise.resolve(null);
  const recovered = load.untilAllAnswered(injectedMs, holdMs + RECOVERY_MS_MAX);
  await delay(holdMs);
  await fault.heal();
  const healedMs = Date.now();
  const recoveredMs = await recovered;
  over.abort();
  const turnedAway = load.troubles.find(({ atMs }) => atMs >= beganMs)?.atMs ?? null;
  const noticedMs = kind.sign === 'door' ? turnedAway : await moved;
  const { on } = fault;
  const times = { beganMs, injectedMs, healedMs, recoveredMs, noticedMs };
  return { kind: kind.name, on, sign: kind.sign, ...times };
}

function lineOf({ kind, on, injectedMs, recoveredMs }: FaultRecord, startMs: number): string {
  const second = ((injectedMs - startMs) / 1_000).toFixed(1).padStart(7);
  const served =
    recoveredMs === null ? 'NOT SERVED AGAIN' : `served after ${recoveredMs - injectedMs} ms`;
  return `${second} s  ${kind}: ${on}, ${served}`;
}

/** Take-overs stand in the audit: the first one between a fault and its end says who noticed. */
function withTakeovers(
  faults: readonly FaultRecord[],
  takeovers: readonly number[],
): readonly FaultRecord[] {
  return faults.map((fault) => {
    if (fault.sign !== 'takeover') return fault;
    const untilMs = Math.max(fault.healedMs, fault.recoveredMs ?? 0);
    const first = takeovers.find((atMs) => atMs >= fault.beganMs && atMs <= untilMs);
    return { ...fault, noticedMs: first ?? null };
  });
}

async function judge(
  world: World,
  load: Load,
  faults: readonly FaultRecord[],
): Promise<{ judgement: Judgement; takeovers: readonly number[] }> {
  await delay(SETTLE_MS);
  const backlog = await drained(world.cluster.bootstrap);
  const states = await compareStates(world);
  const { records, poison } = await readTopics(world.cluster.bootstrap);
  const judgement = checkHistory({
    records,
    acknowledged: load.acknowledged,
    budgets: BUDGETS,
    states,
    poison,
    outages: world.outages,
    partitions: PARTITIONS,
  });
  const violations: readonly Violation[] = [
    ...judgement.violations,
    ...backlog.map((text) => ({ rule: 'backlog-stays', place: 'estop-policy', text })),
    ...load.refusals.map((text) => ({ rule: 'request-refused', place: 'a gateway', text })),
    ...faults
      .filter(({ recoveredMs }) => recoveredMs === null)
      .map(({ kind, on }) => ({ rule: 'not-served-again', place: on, text: kind })),
  ];
  const takeovers = takeoverTimes(records['audit.v1']);
  return { judgement: { ...judgement, violations }, takeovers };
}

/** Waits until nobody is behind; answers who still is when that takes too long. */
async function drained(bootstrap: string): Promise<readonly string[]> {
  const deadlineMs = Date.now() + DRAIN_MS_MAX;
  for (;;) {
    const backlog = await backlogOf(bootstrap);
    if (backlog.length === 0 || Date.now() > deadlineMs) return backlog;
    await delay(POLL_MS);
  }
}

interface Verdict {
  readonly partition: number;
  readonly stateHash: string;
  readonly isLive: boolean;
  readonly problem: string | null;
}

/** Again while they differ: a rebalance or an expiry may have come between the two. */
async function compareStates(world: World): Promise<readonly StateVerdict[]> {
  for (let attempt = 1; ; attempt += 1) {
    const states = await compareOnce(world);
    const areSame = states.every(({ liveHash, rebuiltHash }) => liveHash === rebuiltHash);
    if (areSame || attempt === COMPARISONS_MAX) return states;
    await delay(SETTLE_MS);
  }
}

/** `estop verify` asks each policy process, and once a process that has never decided. */
async function compareOnce(world: World): Promise<readonly StateVerdict[]> {
  const rebuilt = await verify(world, join(world.folder, 'nobody'));
  const live: Verdict[] = [];
  for (const { dataFolder } of world.policies) live.push(...(await verify(world, dataFolder)));
  return rebuilt.map(({ partition, stateHash }) => {
    const own = live.find((verdict) => verdict.partition === partition && verdict.isLive);
    const liveHash = own === undefined ? null : (own.problem ?? own.stateHash);
    return { partition, liveHash, rebuiltHash: stateHash };
  });
}

async function verify(world: World, dataFolder: string): Promise<readonly Verdict[]> {
  const { out } = await world.estop(dataFolder, 'verify', '-o', 'json');
  return out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Verdict => JSON.parse(line));
}
