/**
 * Judges whether stopping held, by what edges executed, what the log holds, and when halts were
 * accepted. Shares no code with the services but the Avro codecs. An empty list of violations is the
 * proof that a run asks for.
 */
import type { AuditRecordEvent, HaltMode } from '@estop/schemas/messages';
import { readChains, type ValidRecord } from '../checker/chain.ts';
import type { RawRecord, Violation } from '../checker/history.ts';
import { placeOf } from '../checker/history.ts';

/** DESIGN §6. */
const LEASE_MS = 3_000;
/** The wall clock that stamps the log, and the monotonic one of the machine, drift apart. */
const CLOCKS_MS = 20;
/** A stamp that is further off comes from a clock that was set wrong, and tells no order. */
const JUMP_MS = 30 * 60_000;
/** An edge that executed nothing in this time before a halt proves nothing by executing nothing. */
const ALIVE_MS = 1_000;

/** A call that an edge executed; times by the machine's monotonic clock. */
export interface Execution {
  readonly agent: string;
  readonly intentId: string;
  readonly tool: string;
  readonly atMs: number;
}

export interface SaidHalt {
  readonly haltId: string;
  readonly scope: {
    readonly fleet?: true;
    readonly agent?: string;
    readonly group?: string;
    readonly tool?: string;
  };
  readonly mode: HaltMode;
  /** When it was first asked for: a control plane that dies may take several attempts. */
  readonly askedMs: number;
  /** When its caller had the answer that it is accepted. */
  readonly acceptedMs: number;
  /** When its end was asked for. */
  readonly liftedMs: number;
  /** Points that confirmed, which are named like their agents: how long after it was said. */
  readonly confirmedAfterMs: ReadonlyMap<string, number>;
}

export interface StoppingHistory {
  readonly audit: readonly RawRecord[];
  readonly executions: readonly Execution[];
  readonly halts: readonly SaidHalt[];
  readonly groupByAgent: ReadonlyMap<string, string>;
  /** How long a permit is good after it was given, by tool, ms. */
  readonly permitMs: Readonly<Record<string, number>>;
  /** What to add to a monotonic time to have the wall's, ms. */
  readonly wallAheadMs: number;
}

export interface StoppingJudgement {
  readonly violations: readonly Violation[];
  readonly executions: number;
  /** Halts at edges. */
  readonly runs: number;
  /** Of these, the ones in which the edge was executing what the halt covers when it came. */
  readonly runsAtWork: number;
  readonly confirmations: number;
  /** Permits given before a halt that were executed after it, within lease or drain. */
  readonly executedWithinLease: number;
}

export function checkStopping(history: StoppingHistory): StoppingJudgement {
  const { executions, halts } = history;
  const { valid, violations: ofChain } = readChains(history.audit);
  const log = new AllowedInLog(valid);
  const runs = runsOf(history);
  const ofRuns = runs.flatMap((run) => checkRun(run, history, log));
  return {
    violations: [
      ...ofChain,
      ...checkExecutions(history, log),
      ...ofRuns,
      ...checkHalts(history, log),
    ],
    executions: executions.length,
    runs: runs.length,
    runsAtWork: runs.filter(isAtWork).length,
    confirmations: halts.reduce((sum, { confirmedAfterMs }) => sum + confirmedAfterMs.size, 0),
    executedWithinLease: runs.reduce((sum, run) => sum + withinLease(run), 0),
  };
}

interface Allowed {
  readonly place: string;
  readonly partition: number;
  readonly offset: number;
  readonly tool: string;
  readonly stampedMs: number;
}

/** What the valid records allow, and where halts stand in them. */
class AllowedInLog {
  readonly #allowedByKey = new Map<string, Allowed>();
  readonly #toolByKey = new Map<string, string>();
  readonly #haltPlaces = new Map<string, number>();
  readonly #partitionByAgent = new Map<string, number>();

  constructor(valid: readonly ValidRecord[]) {
    for (const { at, record } of valid) {
      for (const event of record.events) this.#take(at, record.subject, event);
    }
  }

  #take(at: RawRecord, subject: string | null, event: AuditRecordEvent): void {
    const { partition, offset, timestampMs: stampedMs } = at;
    if (event.type === 'HaltApplied') {
      this.#haltPlaces.set(`${event.halt.haltId} ${partition}`, offset);
    } else if (event.type === 'IntentProposed') {
      this.#toolByKey.set(`${subject} ${event.intent.intentId}`, event.intent.tool);
    } else if (event.type === 'IntentAllowed') {
      const key = `${subject} ${event.intentId}`;
      const place = placeOf({ topic: 'audit.v1', partition, offset });
      const tool = this.#toolByKey.get(key) ?? '';
      this.#allowedByKey.set(key, { place, partition, offset, tool, stampedMs });
      this.#partitionByAgent.set(String(subject), partition);
    }
  }

  of({ agent, intentId }: Execution): Allowed | undefined {
    return this.#allowedByKey.get(`${agent} ${intentId}`);
  }

  /** Whether the decision stands before the halt, in the partition of both. */
  isBefore({ partition, offset }: Allowed, haltId: string): boolean {
    const halted = this.#haltPlaces.get(`${haltId} ${partition}`);
    return halted !== undefined && offset < halted;
  }

  /** Whether the halt is recorded where an agent is decided; so it is when nothing ever was. */
  isRecorded(haltId: string, agent: string): boolean {
    const partition = this.#partitionByAgent.get(agent);
    return partition === undefined || this.#haltPlaces.has(`${haltId} ${partition}`);
  }
}

/** I1: each executed call is allowed by a valid record before it, as it was asked, and once. */
function checkExecutions(
  { executions, wallAheadMs }: StoppingHistory,
  log: AllowedInLog,
): readonly Violation[] {
  const seen = new Set<string>();
  return executions.flatMap((execution) => {
    const { agent, intentId, tool, atMs } = execution;
    const violations: Violation[] = [];
    const report = (rule: string, text: string) => {
      violations.push({ rule, place: `${agent} ${intentId}`, text });
    };
    if (seen.has(`${agent} ${intentId}`)) report('executed-twice', `again at ${atMs}`);
    seen.add(`${agent} ${intentId}`);
    const allowed = log.of(execution);
    if (allowed === undefined) {
      report('executed-unallowed', `${tool} at ${atMs}: no valid record allows it`);
      return violations;
    }
    if (allowed.tool !== tool) report('executed-other', `${tool}; ${allowed.tool} was allowed`);
    const earlyMs = allowed.stampedMs - (atMs + wallAheadMs);
    if (earlyMs > CLOCKS_MS && earlyMs < JUMP_MS) {
      report('executed-before-record', `${earlyMs} ms before ${allowed.place}`);
    }
    return violations;
  });
}

/** What was accepted is in the log, where it counts. */
function checkHalts(history: StoppingHistory, log: AllowedInLog): readonly Violation[] {
  return runsOf(history)
    .filter(({ halt, agent }) => !log.isRecorded(halt.haltId, agent))
    .map(({ halt: { haltId }, agent }) => {
      return { rule: 'halt-not-recorded', place: agent, text: `${haltId} was accepted` };
    });
}

/** A halt at one edge that it covers, with what that edge executed of what is covered. */
interface Run {
  readonly halt: SaidHalt;
  readonly agent: string;
  readonly covered: readonly Execution[];
}

function runsOf({ halts, executions, groupByAgent }: StoppingHistory): readonly Run[] {
  const byAgent = new Map<string, Execution[]>();
  for (const agent of groupByAgent.keys()) byAgent.set(agent, []);
  for (const execution of executions) byAgent.get(execution.agent)?.push(execution);
  return halts.flatMap((halt) => {
    const { agent: only, group, tool } = halt.scope;
    return [...byAgent].flatMap(([agent, own]): readonly Run[] => {
      if (only !== undefined && only !== agent) return [];
      if (group !== undefined && group !== groupByAgent.get(agent)) return [];
      const covered = own.filter((one) => tool === undefined || one.tool === tool);
      return [{ halt, agent, covered }];
    });
  });
}

/** I4: nothing covered by a halt is executed once its lease is over, whoever hears of it or not. */
function checkRun(
  { halt, agent, covered }: Run,
  { permitMs }: StoppingHistory,
  log: AllowedInLog,
): readonly Violation[] {
  const { acceptedMs, mode, haltId } = halt;
  return covered.flatMap((execution): readonly Violation[] => {
    const { atMs, tool, intentId } = execution;
    const afterMs = atMs - acceptedMs;
    if (afterMs <= 0) return [];
    const allowed = log.of(execution);
    const isOld = allowed !== undefined && log.isBefore(allowed, haltId);
    const lifeMs = permitMs[tool] ?? 0;
    const rule =
      mode === 'drain'
        ? brokenDrain(halt, { atMs, isOld, lifeMs })
        : brokenStop(halt, { atMs, isOld, confirmedMs: halt.confirmedAfterMs.get(agent) });
    if (rule === null) return [];
    const text = `${tool} ${afterMs.toFixed(1)} ms after ${mode} ${haltId}`;
    return [{ rule, place: `${agent} ${intentId}`, text }];
  });
}

/** Only what was permitted before goes on, and only as long as its permit lives. */
function brokenDrain(
  { acceptedMs, liftedMs }: SaidHalt,
  use: { readonly atMs: number; readonly isOld: boolean; readonly lifeMs: number },
): string | null {
  if (use.atMs >= liftedMs) return null;
  if (!use.isOld) return 'drained-what-was-not-permitted';
  return use.atMs > acceptedMs + use.lifeMs ? 'drained-beyond-permit' : null;
}

function brokenStop(
  { acceptedMs, liftedMs }: SaidHalt,
  use: {
    readonly atMs: number;
    readonly isOld: boolean;
    readonly confirmedMs: number | undefined;
  },
): string | null {
  const afterMs = use.atMs - acceptedMs;
  if (use.atMs < liftedMs) {
    if (afterMs > LEASE_MS) return 'executed-after-lease';
    return afterMs > (use.confirmedMs ?? LEASE_MS) ? 'executed-after-confirming' : null;
  }
  // A permit from before the halt is void for good, also when the halt is over.
  return use.isOld ? 'executed-void-permit' : null;
}

function isAtWork({ halt: { askedMs, acceptedMs }, covered }: Run): boolean {
  return covered.some(({ atMs }) => atMs > askedMs - ALIVE_MS && atMs <= acceptedMs);
}

function withinLease({ halt: { acceptedMs, liftedMs }, covered }: Run): number {
  return covered.filter(({ atMs }) => atMs > acceptedMs && atMs < liftedMs).length;
}
