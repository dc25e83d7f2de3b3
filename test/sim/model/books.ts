/** The books of one partition, and what follows from a verdict in them. */
import type { Halt, Intent, Outcome } from '@estop/schemas/messages';
import { type FleetSpec, toolSpec } from '../fleet-spec.ts';
import { must } from '../violation.ts';
import { BreakerFacts, type EndedKill } from './breaker-facts.ts';
import {
  AgentFacts,
  gatesOf,
  type Lack,
  type Pending,
  type Proposal,
  type Use,
  type Waiting,
} from './facts.ts';
import type { Holdings } from './holdings.ts';
import type { Homes } from './homes.ts';
import { type Settled, say } from './sayings.ts';
import { costOf, verdictOf } from './verdict.ts';

const MINUTE_MS = 60_000;
const HOLD_MS = 15 * MINUTE_MS;
const AWAIT_MS = 20_000;
/** Denied for what is checked before the breaker has its say, or by it. */
const UNTRIED = / (invalid-intent|halted|agent-unknown|agent-suspended|breaker-open) /;

export class Books {
  readonly holdings: Holdings;
  readonly homes: Homes;
  readonly agents = new Map<string, AgentFacts>();
  readonly #breakers = new Map<string, BreakerFacts>();
  readonly halts = new Map<string, Halt>();
  /** The newest that is over, by scope. */
  readonly #endedKills = new Map<string, EndedKill>();
  readonly #waiting = new Map<string, Waiting>();
  /** Number of the record that is predicted. */
  seq = 0;
  atMs = 0;
  nowMs = 0;
  hash: string | null = null;
  /** In force, and known to who decided. */
  fleet: FleetSpec | null = null;
  #touched: AgentFacts | null = null;

  constructor(holdings: Holdings, homes: Homes) {
    this.holdings = holdings;
    this.homes = homes;
  }

  agent(id: string): AgentFacts {
    let agent = this.agents.get(id);
    if (agent === undefined) {
      agent = new AgentFacts();
      this.agents.set(id, agent);
    }
    this.#touched = agent;
    return agent;
  }

  breaker(agentId: string): BreakerFacts {
    let breaker = this.#breakers.get(agentId);
    if (breaker === undefined) {
      breaker = new BreakerFacts();
      this.#breakers.set(agentId, breaker);
    }
    return breaker;
  }

  waiting(agentId: string, intentId: string): Waiting | undefined {
    return this.#waiting.get(`${agentId} ${intentId}`);
  }

  isWaiting(agentId: string, intentId: string): boolean {
    return this.waiting(agentId, intentId) !== undefined;
  }

  get allWaiting(): Iterable<Waiting> {
    return this.#waiting.values();
  }

  /** As the record says it: an intent that makes no sense costs nothing. */
  proposedCost(intent: Intent) {
    const cost = costOf(this.fleet, intent);
    return (intent.tokens ?? 0) < 0 ? { ...cost, tokens: 0, microUsd: 0 } : cost;
  }

  /** A kill is over when it is lifted, and when a milder word stands in its place. */
  word(halt: Halt): void {
    const key = JSON.stringify(halt.scope);
    const before = this.halts.get(key);
    this.halts.set(key, halt);
    const wasKilled = before?.mode === 'kill' && !before.lifted;
    const isOver = halt.mode === 'kill' ? halt.lifted : wasKilled;
    if (isOver) this.#endedKills.set(key, { halt, seq: this.seq });
  }

  /** What is due of an agent's breaker when it calls a tool; null: when time passes. */
  breakerDue(agentId: string, tool: string | null): readonly string[] {
    const { atMs, seq } = this;
    const groups = this.fleet?.agents.find(({ id }) => id === agentId)?.groups ?? [];
    const kills = this.#endedKills.values();
    return this.breaker(agentId).due({ atMs, seq, kills, groups, agentId, tool });
  }

  /** Checks an intent from the beginning; `approved`: its people have said yes. */
  conclude(proposal: Proposal, approved: Pending | null): readonly string[] {
    const { agentId, tool } = proposal.intent;
    const due = this.breakerDue(agentId, tool);
    const breaker = this.breaker(agentId);
    const isTrying = breaker.mode === 'half-open' && !breaker.isFull;
    const said = this.#conclude(proposal, approved);
    // A read that was let through to try, and then denied, has failed.
    const isDenied = said.some((line) => line.startsWith('denied ') && !UNTRIED.test(line));
    const isRead = this.fleet !== null && toolSpec(this.fleet, tool).tier === 'read';
    const failed = isTrying && isRead && isDenied ? breaker.fail(this) : [];
    return [...due, ...said, ...failed];
  }

  #conclude(proposal: Proposal, approved: Pending | null): readonly string[] {
    const { intent } = proposal;
    const agent = this.agent(intent.agentId);
    const { fleet, holdings, atMs } = this;
    const breaker = this.breaker(intent.agentId);
    const situation = { fleet, agent, breaker, halts: this.halts.values(), holdings, atMs };
    const verdict = verdictOf(situation, intent, approved?.held ?? null);
    switch (verdict.kind) {
      case 'deny':
        return [this.deny(approved ?? proposal, verdict.reason)];
      case 'wait':
        return this.#wait(proposal, approved, verdict.lacks);
      case 'ask':
        return [this.#ask(proposal, verdict)];
      case 'allow':
        return [this.#allow(proposal, approved, verdict.held)];
    }
  }

  deny(of: Proposal | Pending, reason: string): string {
    const { agentId, intentId } = of.intent;
    const released = this.#close(agentId, intentId);
    this.agent(agentId).finals.set(intentId, { isAllowed: false, hasOutcome: false });
    return say.denied(intentId, reason, released);
  }

  #allow({ intent }: Proposal, approved: Pending | null, held: readonly Use[]): string {
    const { agentId, intentId } = intent;
    const agent = this.agent(agentId);
    this.#close(agentId, intentId);
    this.#reserve(agent, held);
    const untilMs = this.atMs + HOLD_MS;
    const breaker = this.breaker(agentId);
    if (breaker.mode === 'half-open') breaker.trying.set(intentId, untilMs);
    if (held.some(({ amount }) => amount > 0)) agent.holds.set(intentId, { uses: held, untilMs });
    for (const { id, shared } of this.fleet?.rates ?? []) {
      if (shared) this.holdings.call(id);
      else agent.calls.set(id, [...(agent.calls.get(id) ?? []).slice(-100), this.atMs]);
    }
    agent.finals.set(intentId, { isAllowed: true, hasOutcome: false });
    const reason = approved === null ? 'permitted' : 'approved';
    return say.allowed(intentId, { reason, held, untilMs });
  }

  #ask(
    { intent, digest }: Proposal,
    { held, reason }: { readonly held: readonly Use[]; readonly reason: string },
  ): string {
    const { agentId, intentId } = intent;
    const agent = this.agent(agentId);
    this.#waiting.delete(`${agentId} ${intentId}`);
    must(this.fleet !== null, 'model', () => 'nobody is asked without a fleet');
    const tool = toolSpec(this.fleet, intent.tool);
    const waitMs = tool.expiresMs ?? (tool.tier === 'financial' ? 5 : 15) * MINUTE_MS;
    const expiresMs = this.atMs + waitMs;
    const gates = gatesOf(tool);
    this.#reserve(agent, held);
    agent.pending.set(intentId, { intent, digest, held, expiresMs, gates, votes: [] });
    return say.asked(intentId, { reason, held, expiresMs, gates });
  }

  #wait(proposal: Proposal, approved: Pending | null, lacks: readonly Lack[]): readonly string[] {
    const { agentId, intentId } = proposal.intent;
    const earlier = this.waiting(agentId, intentId);
    if (earlier !== undefined && this.nowMs >= earlier.untilMs) {
      const isBudget = lacks.some(({ kind }) => kind === 'budget');
      return [this.deny(approved ?? proposal, isBudget ? 'budget-exhausted' : 'rate-limited')];
    }
    const isNews = lacks.some((lack) => {
      return !earlier?.needs.some((need) => {
        return need.kind === lack.kind && need.limit === lack.limit && need.amount >= lack.amount;
      });
    });
    if (!isNews) return [];
    const untilMs = earlier?.untilMs ?? this.nowMs + AWAIT_MS;
    const isApproved = approved !== null;
    const waiting = { agent: agentId, proposal, isApproved, untilMs, needs: lacks };
    this.#waiting.set(`${agentId} ${intentId}`, waiting);
    return [say.awaited(intentId, waiting)];
  }

  settle(outcome: Outcome): string {
    const { agentId, intentId, status } = outcome;
    const agent = this.agent(agentId);
    const uses = agent.holds.get(intentId)?.uses ?? [];
    agent.holds.delete(intentId);
    const settled = uses.map((use): Settled => {
      return {
        ...use,
        spent: Math.min(this.#actual(use, outcome), use.amount + this.#room(use, agent)),
      };
    });
    for (const use of settled) this.free(agent, use, use.spent);
    return say.outcome(intentId, status, settled);
  }

  free(agent: AgentFacts, use: Use, spent: number): void {
    agent.free(use, spent);
    this.holdings.free(use, spent);
  }

  /** After each record: what it touched is within bounds, and nothing is spent beyond its ceiling. */
  check(): void {
    this.holdings.check();
    for (const [budget, { spent, reserved }] of this.#touched?.ledgers ?? []) {
      must(spent >= 0 && reserved >= 0, 'I3', () => `${budget}: ${spent} spent, ${reserved} held`);
    }
  }

  /** What an outcome says was used of one budget. */
  #actual(use: Use, { agentId, status, tokens, microUsd }: Outcome): number {
    const isPresent = this.fleet?.agents.some(({ id }) => id === agentId) === true;
    const unit = this.fleet?.budgets.find(({ id }) => id === use.budget)?.unit;
    if (unit === undefined || !isPresent) return use.amount;
    if (status === 'cancelled') return 0;
    if (unit === 'calls') return use.amount;
    const reported = unit === 'tokens' ? tokens : microUsd;
    if (status === 'unknown') return Math.max(use.amount, reported ?? 0);
    return reported ?? (status === 'ok' ? use.amount : 0);
  }

  /** What is free beyond what was held: more than that is an overrun, and not counted. */
  #room(use: Use, agent: AgentFacts): number {
    if (use.shared) return this.holdings.available('budget', use.budget, use.start);
    const ledger = agent.ledgers.get(use.budget);
    if (ledger === undefined || ledger.start !== use.start) return 0;
    const spec = this.fleet?.budgets.find(({ id }) => id === use.budget);
    const ceiling = ledger.ceiling ?? spec?.ceiling ?? 0;
    return Math.max(0, ceiling - ledger.spent - ledger.reserved);
  }

  #reserve(agent: AgentFacts, held: readonly Use[]): void {
    agent.reserve(held);
    this.holdings.reserve(held);
    for (const { budget, shared, amount } of held) {
      // Where a person has lowered the ceiling under what is out, nothing may be added.
      if (shared || amount === 0) continue;
      const { spent, reserved, ceiling } = agent.ledger(budget);
      const listed = this.fleet?.budgets.find(({ id }) => id === budget)?.ceiling ?? 0;
      must(spent + reserved <= Math.max(ceiling ?? listed, 0), 'I3', () => {
        return `${budget}: ${spent} spent and ${reserved} reserved of ${ceiling ?? listed}`;
      });
    }
  }

  /** The intent waits no more; what it held for its approval is free. */
  #close(agentId: string, intentId: string): readonly Use[] {
    const agent = this.agent(agentId);
    const held = agent.pending.get(intentId)?.held ?? [];
    agent.pending.delete(intentId);
    this.#waiting.delete(`${agentId} ${intentId}`);
    for (const use of held) this.free(agent, use, 0);
    return held;
  }
}
