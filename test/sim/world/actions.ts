/** Steps as acts upon a world: what agents, people, processes and the network do. */
import { scopeText } from '@estop/schemas/halts';
import { agentSubject, type CommandId, limitSubject, personSubject } from '@estop/schemas/ids';
import type { CommandBody, Halt, HaltScope, Outcome, OutcomeStatus } from '@estop/schemas/messages';
import { GROUPS, PEOPLE, TOOLS } from '../fleet-spec.ts';
import { at, INPUT_TOPICS } from '../log/sim-log.ts';
import type { Books } from '../model/books.ts';
import type { AgentFacts } from '../model/facts.ts';
import type { Step, StepKind } from '../scenario.ts';
import { intentOf } from './intents.ts';
import type { Fate, World } from './world.ts';
import type { Writer } from './writer.ts';

const STATUSES: readonly OutcomeStatus[] = ['ok', 'ok', 'error', 'cancelled', 'unknown'];
const MODES: readonly Halt['mode'][] = ['pause', 'drain', 'kill'];
/** Tools as often as agents call them. */
const CALLED = [...TOOLS, ...TOOLS.slice(0, 4), ...TOOLS.slice(0, 2)];
/** Of two hundred. */
const FATES: readonly (readonly [Fate, number])[] = [
  ['unanswered', 2],
  ['lost', 3],
  ['twice', 5],
  ['late', 6],
];

export class Actions {
  readonly #world: World;
  /** The newest on each scope. */
  readonly #haltByScope = new Map<string, Halt>();
  /** Probes whose outcome is on its way. */
  readonly #recovered = new Set<string>();
  #intents = 0;
  #commands = 0;

  constructor(world: World) {
    this.#world = world;
  }

  take({ kind, a, b, c }: Step): void {
    this.#world.log.step += 1;
    this.#acts[kind](a, b, c);
  }

  readonly #acts: Readonly<Record<StepKind, (a: number, b: number, c: number) => void>> = {
    turn: (a, b, c) => {
      this.#writer(a, c).turn({ inputs: 1 + (b % 6), order: c, ticks: b % 4 !== 0 });
    },
    deliver: (a, b, c) => {
      this.#world.deliver(this.#writer(a, c), { fate: fateOf(b), count: 1 + (b % 7) });
    },
    propose: (a, b, c) => this.#propose(a, b, c),
    repeat: (a, b) => this.#repeat(a, b),
    outcome: (a, b, c) => this.#report(a, b, c),
    recover: (_, b, c) => this.#recover(b, c),
    vote: (a, b, c) => this.#vote(a, b, c),
    order: (a, b, c) => this.#order(a, b, c),
    suspend: (a, b) => {
      const agentId = pick(this.#world.scenario.agents, a);
      this.#command(agentId, 'dan@x.org', { type: b % 5 === 0 ? 'Suspend' : 'Resume' });
    },
    trip: (a, b, c) => this.#trip(a, b, c),
    rearm: (a, b) => {
      const by = pick(['dan@x.org', 'dan@x.org', 'ann@x.org', 'ben@x.org'], b);
      this.#command(pick(this.#world.scenario.agents, a), by, { type: 'RearmBreaker' });
    },
    report: (a, b) => this.#reportHalt(a, b),
    pass: (a) => this.#pass(a % 1_500),
    leap: (a) => this.#pass(a % 600_000),
    hear: (a, b) => pick(this.#world.processes, a).hear(1 + (b % 3)),
    halt: (a, b, c) => this.#halt(a, b, c),
    lift: (a) => this.#lift(a),
    fleet: (a) => {
      const { hash } = pick(this.#world.scenario.fleets, a);
      this.#world.log.appendFleet({ type: 'fleet', hash });
    },
    redeliver: (a, b, c) => {
      this.#world.writerOf(this.#partition(a)).redeliver(pick(INPUT_TOPICS, b), c % 20);
    },
    rebalance: (a, b) => this.#world.rebalance(this.#partition(a), b),
    crash: (a, b) => {
      this.#world.crash(a % this.#world.processes.length, b);
      this.#world.straggle(b);
    },
    snapshot: (a) => this.#world.snapshot(this.#partition(a)),
    truncate: (a, b) => this.#world.truncate(this.#partition(a), 1 + (b % 5)),
  };

  /** Mostly the one that owns a partition; now and then one that does not know it no longer does. */
  #writer(a: number, c: number): Writer {
    const { zombies } = this.#world;
    if (c % 16 === 0 && zombies.length > 0) return pick(zombies, a);
    if (c % 64 === 1) this.#world.straggle(a);
    return this.#world.writerOf(this.#partition(a));
  }

  #partition(a: number): number {
    return a % this.#world.log.partitions;
  }

  #pass(ms: number): void {
    this.#world.log.nowMs += ms;
  }

  #propose(a: number, b: number, c: number): void {
    const isStranger = a % 97 === 0;
    const agentId = isStranger ? 'bot-of-nobody' : pick(this.#world.scenario.agents, a);
    this.#ask(agentId, pick(CALLED, b), { b, c });
  }

  #ask(agentId: string, tool: string, { b, c }: { readonly b: number; readonly c: number }): void {
    this.#intents += 1;
    const input = intentOf(`i${this.#intents}`, agentId, { tool, b, c });
    const { log } = this.#world;
    log.appendInput('intents.v1', log.partitionOf(agentId), input);
  }

  /** A producer that had no answer sends the same again. */
  #repeat(a: number, b: number): void {
    const { log } = this.#world;
    const topic = pick(INPUT_TOPICS, b);
    const partition = this.#partition(a);
    const stored = at(log.inputs[topic], partition);
    if (stored.length > 0) log.appendInput(topic, partition, pick(stored, b).input);
  }

  #report(a: number, b: number, c: number): void {
    const agentId = pick(this.#world.scenario.agents, a);
    const { finals } = this.#factsOf(agentId);
    const open = [...finals].filter(([, { isAllowed, hasOutcome }]) => isAllowed && !hasOutcome);
    const known = open.length > 0 && c % 8 !== 0 ? open : [...finals];
    if (known.length === 0) return;
    const [intentId] = pick(known, b);
    this.#outcome(agentId, { intentId, status: pick(STATUSES, c) }, { b, c });
  }

  /** Whoever is half-open reads, and mostly reads well: else five of five would be a miracle. */
  #recover(b: number, c: number): void {
    const agentId = this.#world.scenario.agents.find((id) => {
      return this.#booksOf(id).breaker(id).mode === 'half-open';
    });
    if (agentId === undefined) return;
    const probes = this.#booksOf(agentId).breaker(agentId).trying.keys();
    const probe = [...probes].find((id) => !this.#recovered.has(id));
    if (probe === undefined || b % 3 === 0) {
      this.#ask(agentId, 'page.read', { b, c });
      return;
    }
    this.#recovered.add(probe);
    const status = c % 16 === 0 ? pick(STATUSES, b) : 'ok';
    this.#outcome(agentId, { intentId: probe, status }, { b, c });
  }

  #outcome(
    agentId: string,
    about: { readonly intentId: string; readonly status: OutcomeStatus },
    { b, c }: { readonly b: number; readonly c: number },
  ): void {
    const costs = { tokens: c % 3 === 0 ? null : c % 120, microUsd: b % 3 === 0 ? null : b % 60 };
    const rest = { durationMs: null, resultDigest: null, error: null, reportedBy: agentId };
    const outcome = { ...about, agentId, ...costs, ...rest } as Outcome;
    const { log } = this.#world;
    log.appendInput('outcomes.v1', log.partitionOf(agentId), { type: 'outcome', outcome });
  }

  #factsOf(agentId: string): AgentFacts {
    return this.#booksOf(agentId).agent(agentId);
  }

  #booksOf(agentId: string): Books {
    const { log, observer } = this.#world;
    return observer.model(log.partitionOf(agentId)).books;
  }

  /** On an intent that waits, as the log shows it; seldom with a digest of another one. */
  #vote(a: number, b: number, c: number): void {
    const agentId = pick(this.#world.scenario.agents, a);
    const waiting = [...this.#factsOf(agentId).pending];
    if (waiting.length === 0) return;
    const [intentId, { digest: own }] = pick(waiting, b);
    const digest = c % 11 === 0 ? 'sha256:of-another' : own;
    const type = c % 5 === 0 ? 'Reject' : 'Approve';
    this.#command(agentId, pick(PEOPLE, c), { type, intentId, digest } as CommandBody);
  }

  #order(a: number, b: number, c: number): void {
    const by = c % 7 === 0 ? 'dan@x.org' : 'ann@x.org';
    const isShared = c % 2 === 0;
    const budgetId = pick(isShared ? ['all-calls', 'all-money'] : ['own-calls', 'own-money'], b);
    const body = (
      b % 3 === 0
        ? { type: 'SetCeiling', budgetId, ceiling: (b % 200) - 3 }
        : { type: 'RaiseCeiling', budgetId, raiseBy: b % 30 }
    ) as CommandBody;
    if (isShared) this.#orderShared(budgetId, by, body);
    else this.#command(pick(this.#world.scenario.agents, a), by, body);
  }

  #orderShared(budgetId: string, by: string, body: CommandBody): void {
    const { log } = this.#world;
    const subject = limitSubject(budgetId as Parameters<typeof limitSubject>[0]);
    const command = { commandId: this.#commandId(), subject, by, reason: null, body };
    log.appendInput('commands.v1', log.partitionOf(budgetId), { type: 'command', command });
  }

  #command(agentId: string, by: string, body: CommandBody): void {
    const { log } = this.#world;
    const subject = agentSubject(agentId as Parameters<typeof agentSubject>[0]);
    const commandId = this.#commandId();
    const reason = this.#commands % 8 === 0 ? null : 'because';
    const command = { commandId, subject, by, reason, body };
    log.appendInput('commands.v1', log.partitionOf(agentId), { type: 'command', command });
  }

  #trip(a: number, b: number, c: number): void {
    const by = c % 12 === 0 ? 'ann@x.org' : 'service:breaker';
    const until = c % 4 === 0 ? null : this.#world.log.nowMs + (c % 40_000);
    const why = {
      signal: 'loop',
      explanation: 'the same call again',
      evidence: null,
      proposesKill: false,
    };
    const mode = b % 2 === 0 ? 'open' : 'step-up';
    const agentId = pick(this.#world.scenario.agents, a);
    this.#command(agentId, by, { type: 'TripBreaker', mode, until, ...why });
  }

  /** A gateway says how a halt arrived, about the person who said it. */
  #reportHalt(a: number, b: number): void {
    const { log } = this.#world;
    const person = pick(PEOPLE, a);
    const subject = personSubject(person as Parameters<typeof personSubject>[0]);
    const counts = { points: 3, confirmed: b % 3, silent: 3 - (b % 3) };
    const times = { confirmedInMs: 12, fencedInMs: null };
    const body = { type: 'ReportHalt', haltId: `h-${b % 9}`, epoch: 1, ...counts, ...times };
    const about = { commandId: this.#commandId(), by: 'service:gateway', reason: null };
    const command = { ...about, subject, body: body as CommandBody };
    log.appendInput('commands.v1', log.partitionOf(subject), { type: 'command', command });
  }

  #commandId(): CommandId {
    this.#commands += 1;
    return `c${this.#commands}` as CommandId;
  }

  /**
   * With the next epoch of its scope; seldom one that was there already comes again, or another
   * gateway says one with the same epoch.
   */
  #halt(a: number, b: number, c: number): void {
    const { log } = this.#world;
    const scope = this.#scope(a, b);
    const key = scopeText(scope);
    const earlier = this.#haltByScope.get(key);
    if (earlier !== undefined && c % 9 === 0) {
      log.appendHalt(earlier);
      return;
    }
    const until = c % 3 === 0 ? log.nowMs + (c % 90_000) : null;
    const about = {
      mode: pick(MODES, c),
      by: 'dan@x.org',
      reason: null,
      until,
      lifted: false,
      killers: [],
    };
    const isTie = earlier !== undefined && c % 7 === 0;
    const epoch = (earlier?.epoch ?? 0) + (isTie ? 0 : 1);
    const gateway = pick(['a', 'b', 'c'], isTie ? a : c);
    const halt: Halt = { haltId: `h-${key}-${gateway}` as Halt['haltId'], scope, epoch, ...about };
    if (halt.haltId === earlier?.haltId && isTie) return;
    // Whoever lifts may know the one or the other.
    if (!isTie || c % 2 === 0) this.#haltByScope.set(key, halt);
    log.appendHalt(halt);
  }

  #lift(a: number): void {
    const live = [...this.#haltByScope].filter(([, { lifted }]) => !lifted);
    if (live.length === 0) return;
    const [key, halt] = pick(live, a);
    this.#haltByScope.set(key, { ...halt, lifted: true });
    this.#world.log.appendHalt({ ...halt, lifted: true });
  }

  #scope(a: number, b: number): HaltScope {
    const agent = pick(this.#world.scenario.agents, b);
    const tool = pick(TOOLS, b);
    const none = { fleet: false, group: null, agent: null, tool: null };
    // What concerns one agent comes first, and what stops everybody seldom.
    const scopes = [
      { ...none, agent, tool: pick(TOOLS, a) },
      { ...none, agent },
      { ...none, agent, tool },
      { ...none, agent, tool: pick(TOOLS, a) },
      { ...none, tool },
      { ...none, fleet: true },
      { ...none, group: pick(GROUPS, b) },
    ];
    return pick(scopes, a) as HaltScope;
  }
}

function fateOf(b: number): Fate {
  const chance = b % 200;
  return FATES.find(([, below]) => chance < below)?.[0] ?? 'appended';
}

function pick<Item>(items: readonly Item[], choice: number): Item {
  return at(items, choice % items.length);
}
