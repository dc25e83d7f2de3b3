/** A run: edges at work, and in each round halts under faults, then the verdict. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  checkStopping,
  type SaidHalt,
  type StoppingHistory,
  type StoppingJudgement,
} from './checker.ts';
import {
  EDGES,
  edgeNames,
  groupOf,
  PERMIT_MS,
  type PlannedFault,
  type PlannedHalt,
  planRounds,
  type Round,
} from './plan.ts';
import { machineMs, openStoppingWorld, readAudit, type StoppingWorld } from './world.ts';

/** Between two rounds: edges come back, and are at work when the next halt comes. */
const AT_WORK_MS = 1_500;
/** From the halts to their end: longer than any lease. */
const HALTED_MS = 4_000;
const RETRY_MS = 200;
const ACCEPT_MS_MAX = 30_000;

export interface StoppingRun {
  readonly judgement: StoppingJudgement;
  readonly history: StoppingHistory;
  readonly seconds: number;
}

export async function runStopping(options: {
  readonly runs: number;
  readonly seed: number;
  /** Told of each round as it comes. */
  readonly tell: (line: string) => void;
}): Promise<StoppingRun> {
  const startMs = machineMs();
  const agents = edgeNames(EDGES);
  const rounds = planRounds({ ...options, edges: agents });
  const world = await openStoppingWorld(agents, 'work');
  try {
    const wallAheadMs = performance.timeOrigin + performance.now() - machineMs();
    const halts: SaidHalt[] = [];
    for (const round of rounds) {
      await delay(AT_WORK_MS);
      const said = await playRound(round, world);
      options.tell(lineOf(round, said, machineMs() - startMs));
      halts.push(...said);
    }
    await delay(AT_WORK_MS);
    const { estop, edges } = world;
    await Promise.all(edges.map((edge) => edge.stop()));
    await estop.stop('SIGINT');
    const history = {
      audit: await readAudit(estop.dataDir),
      executions: (await Promise.all(edges.map((edge) => edge.executions()))).flat(),
      halts,
      groupByAgent: new Map(agents.map((agent) => [agent, groupOf(agent)])),
      permitMs: PERMIT_MS,
      wallAheadMs,
    };
    const seconds = Math.round((machineMs() - startMs) / 1_000);
    return { judgement: checkStopping(history), history, seconds };
  } finally {
    await world.close();
  }
}

async function playRound(round: Round, world: StoppingWorld): Promise<readonly SaidHalt[]> {
  const leadMs = Math.max(0, ...round.faults.map(({ afterMs }) => -afterMs));
  const faults = round.faults.map((fault) => playFault(fault, leadMs, world));
  await delay(leadMs);
  const plane = breakPlane(round, world);
  const accepted = await Promise.all(round.halts.map((halt) => sayHalt(halt, world)));
  await plane;
  await delay(HALTED_MS);
  const said = await Promise.all(accepted.map((halt) => withConfirmations(halt, world)));
  const lifted = await Promise.all(said.map((halt) => lift(halt, world)));
  if (said.some(({ mode }) => mode === 'kill')) await rearmAll(world);
  await Promise.all(faults);
  if (round.plane === 'clock jump') await jump(world, 3 - jumpsOf(round));
  return lifted;
}

async function playFault(
  fault: PlannedFault,
  leadMs: number,
  { edges }: StoppingWorld,
): Promise<void> {
  const edge = edges.find(({ agent }) => agent === fault.edge);
  await delay(leadMs + fault.afterMs);
  await edge?.inject(fault);
  await delay(fault.holdMs);
  await edge?.heal(fault);
}

async function breakPlane(round: Round, world: StoppingWorld): Promise<void> {
  if (round.plane === 'clock jump') await jump(world, jumpsOf(round));
  if (round.plane !== 'kill -9') return;
  await delay(round.killAfterMs);
  await world.estop.stop('SIGKILL');
  await world.estop.start();
}

/** One: an hour ahead. Two: an hour behind. */
function jumpsOf({ killAfterMs }: Round): number {
  return (killAfterMs % 2) + 1;
}

async function jump({ estop }: StoppingWorld, signals: number): Promise<void> {
  for (let sent = 0; sent < signals; sent += 1) {
    process.kill(estop.pid, 'SIGUSR2');
    await delay(RETRY_MS);
  }
}

/** Says it until it is accepted, as an operator would. */
async function sayHalt({ scope, mode }: PlannedHalt, { estop }: StoppingWorld): Promise<SaidHalt> {
  const askedMs = machineMs();
  for (;;) {
    try {
      const { status, body } = await estop.post('/v1/halts', { scope, mode });
      const acceptedMs = machineMs();
      if (status === 201 || status === 202) {
        const rest = { liftedMs: Number.POSITIVE_INFINITY, confirmedAfterMs: new Map() };
        return { haltId: body['id'], scope, mode, askedMs, acceptedMs, ...rest };
      }
      throw new Error(`status ${status}: ${JSON.stringify(body)}`);
    } catch (error) {
      if (machineMs() > askedMs + ACCEPT_MS_MAX) throw error;
      await delay(RETRY_MS);
    }
  }
}

interface ConfirmingPoint {
  readonly point: string;
  readonly state: string;
  readonly ms: number;
}

async function withConfirmations(halt: SaidHalt, { estop }: StoppingWorld): Promise<SaidHalt> {
  const { body } = await estop.get(`/v1/halts/${halt.haltId}`);
  const points: readonly ConfirmingPoint[] = body['confirmations']?.byPoint ?? [];
  const confirmed = points.filter(({ state }) => state === 'confirmed');
  const confirmedAfterMs = new Map(confirmed.map(({ point, ms }) => [point, ms]));
  return { ...halt, confirmedAfterMs };
}

async function lift(halt: SaidHalt, { estop, secondKey }: StoppingWorld): Promise<SaidHalt> {
  const liftedMs = machineMs();
  const path = `/v1/halts/${halt.haltId}/lift`;
  const { status, body } = await estop.post(path, { reason: 'the next round' }, secondKey);
  if (status !== 200) throw new Error(`not lifted: ${status} ${JSON.stringify(body)}`);
  return { ...halt, liftedMs };
}

/** Agents come back half-open after a kill; here they are to work at once. */
async function rearmAll({ estop, edges }: StoppingWorld): Promise<void> {
  await Promise.all(
    edges.map(async ({ agent }) => {
      const path = `/v1/agents/${agent}/breaker/rearm`;
      const { status, body } = await estop.post(path, { reason: 'the next round' });
      if (status !== 200) throw new Error(`not re-armed: ${status} ${JSON.stringify(body)}`);
    }),
  );
}

function lineOf({ halts, plane, faults }: Round, said: readonly SaidHalt[], atMs: number): string {
  const kinds = faults.map(({ edge, kind, holdMs }) => `${edge} ${kind} ${holdMs} ms`);
  const words = halts.map(({ scope, mode }) => `${mode} ${JSON.stringify(scope)}`);
  const confirmed = said.reduce((sum, { confirmedAfterMs }) => sum + confirmedAfterMs.size, 0);
  return [
    `${(atMs / 1_000).toFixed(1)} s  ${words.join(', ')}; control plane: ${plane}`,
    `  ${confirmed} confirmations; ${kinds.join(', ')}`,
  ].join('\n');
}
