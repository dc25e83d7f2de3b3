/**
 * Predicts each record of a partition from the input it answers and the records before, and keeps
 * its own books. A record that says anything else breaks the run.
 */
import { parseSubject } from '@estop/schemas/ids';
import type { AuditRecord, Command, Halt, Intent, Outcome } from '@estop/schemas/messages';
import type { FleetSpec } from '../fleet-spec.ts';
import type { DecidedAt, SimLog } from '../log/sim-log.ts';
import { must } from '../violation.ts';
import { Books } from './books.ts';
import type { Final, Proposal } from './facts.ts';
import { Holdings } from './holdings.ts';
import type { Homes } from './homes.ts';
import { leastRank, rankOf, ruleOn, ruleOnShared } from './orders.ts';
import { say, sayingOf } from './sayings.ts';
import { predictTick } from './tick.ts';

const ANSWERS = 32;

type TripOrder = Extract<Command['body'], { readonly type: 'TripBreaker' }>;

export class PartitionModel {
  readonly partition: number;
  readonly books: Books;
  readonly #log: SimLog;
  readonly #specs: ReadonlyMap<string, FleetSpec>;
  readonly #answered = new Map<string, string[]>();
  readonly #next = new Map<string, number>();
  readonly #known = new Set<string>();

  constructor(
    partition: number,
    about: { readonly log: SimLog; readonly specs: readonly FleetSpec[]; readonly homes: Homes },
  ) {
    this.partition = partition;
    this.#log = about.log;
    this.#specs = new Map(about.specs.map((spec) => [spec.hash, spec]));
    this.books = new Books(new Holdings(partition, about.homes), about.homes);
  }

  /** One valid record. */
  apply(record: AuditRecord, decided: DecidedAt): void {
    const { books } = this;
    must(record.at >= books.atMs, 'time', () => `${record.at} after ${books.atMs}`);
    books.seq = record.seq;
    books.atMs = record.at;
    books.nowMs = Math.max(record.at, decided.nowMs);
    const fleet = books.hash === null ? undefined : this.#specs.get(books.hash);
    books.fleet = decided.knowsFleet ? (fleet ?? null) : null;
    this.#expectInOrder(record);
    const expected = this.#predict(record);
    const recorded = record.events.map(sayingOf).filter((one) => one !== null);
    must(isSame(expected, recorded), 'decision', () => {
      const where = `${record.cause.topic}/${record.cause.offset} in partition ${this.partition}`;
      return `${where}\n  expected ${expected.join(' | ')}\n  recorded ${recorded.join(' | ')}`;
    });
    for (const event of record.events) {
      books.holdings.apply(event);
      books.homes.apply(event, books);
    }
    books.check();
    this.#know(record);
  }

  /** Kills that were over before the first record of an agent killed nothing of it. */
  #know({ subject, seq }: AuditRecord): void {
    const parsed = subject === null || this.#known.has(subject) ? undefined : parseSubject(subject);
    if (subject === null || parsed?.kind !== 'agent') return;
    this.#known.add(subject);
    this.books.breaker(parsed.id).firstSeq = seq;
  }

  /** An input is recorded once, and none before it is passed over that had to be. */
  #expectInOrder({ cause: { topic, offset, partition } }: AuditRecord): void {
    if (offset < 0) return;
    const next = this.#next.get(topic) ?? 0;
    must(offset >= next, 'I5', () => `${topic}/${offset} is recorded after ${topic}/${next - 1}`);
    this.#next.set(topic, offset + 1);
    if (topic !== 'intents.v1') return;
    for (let passed = next; passed < offset; passed += 1) {
      this.expectKnown(this.#log.inputOf({ topic, partition, offset: passed })?.input);
    }
  }

  groupsOf(agentId: string): readonly string[] {
    const spec = this.books.hash === null ? undefined : this.#specs.get(this.books.hash);
    return spec?.agents.find(({ id }) => id === agentId)?.groups ?? [];
  }

  expectKnown(input: { readonly type: string; readonly intent?: Intent } | undefined): void {
    const intent = input?.type === 'intent' ? input.intent : undefined;
    if (intent === undefined) return;
    const { agentId, intentId } = intent;
    const isKnown = this.books.isWaiting(agentId, intentId);
    must(isKnown || this.books.agent(agentId).isKnown(intentId), 'I5', () => {
      return `intent ${intentId} of ${agentId} was passed over`;
    });
  }

  #predict(record: AuditRecord): readonly string[] {
    const { cause } = record;
    if (cause.topic === 'takeover') return [say.started];
    if (cause.topic === 'tick') return predictTick(this.books, record);
    const input = this.#log.inputOf({ ...cause, partition: this.partition })?.input;
    switch (input?.type) {
      case 'intent':
        return this.#predictIntent({ intent: input.intent, digest: input.digest });
      case 'outcome':
        return this.#predictOutcome(input.outcome);
      case 'command':
        return this.#predictCommand(input.command);
      case 'halt':
        return this.#predictHalt(input.halt);
      case 'fleet':
        this.books.hash = input.hash;
        return [say.fleet(input.hash)];
      default:
        return ['no record'];
    }
  }

  #predictIntent(proposal: Proposal): readonly string[] {
    const { intent } = proposal;
    const { agentId, intentId } = intent;
    const { books } = this;
    const isKnown = books.agent(agentId).isKnown(intentId) || books.isWaiting(agentId, intentId);
    must(!isKnown, 'I5', () => `intent ${intentId} of ${agentId} is decided again`);
    const proposed = say.proposed(intentId, books.proposedCost(intent));
    return [proposed, ...books.conclude(proposal, null)];
  }

  #predictOutcome(outcome: Outcome): readonly string[] {
    const final: Final | undefined = this.books.agent(outcome.agentId).finals.get(outcome.intentId);
    if (final?.isAllowed !== true || final.hasOutcome) return ['no record'];
    final.hasOutcome = true;
    const settled = this.books.settle(outcome);
    return [settled, ...this.books.breaker(outcome.agentId).outcome(outcome, this.books)];
  }

  #predictHalt(halt: Halt): readonly string[] {
    const { haltId, epoch, lifted } = halt;
    this.books.word(halt);
    return [say.halt(haltId, epoch, lifted)];
  }

  #predictCommand(command: Command): readonly string[] {
    const { body, commandId, subject } = command;
    if ('ask' in body || 'answer' in body || body.type === 'RecallSlice') return [];
    if (body.type === 'OfferSlice') return [];
    const answered = this.#answered.get(subject) ?? [];
    if (answered.includes(commandId)) return ['no record'];
    this.#answered.set(subject, [...answered, commandId].slice(-ANSWERS));
    const parsed = parseSubject(subject);
    if (body.type === 'ReportHalt')
      return [say.accepted(commandId), say.reported(body.haltId, body)];
    if (body.type === 'TripBreaker' && parsed?.kind === 'agent') {
      return this.#predictTrip(command, body, parsed.id);
    }
    if (parsed?.kind === 'limit') return this.#predictSharedOrder(command);
    return parsed?.kind === 'agent' ? this.#predictOrder(command, parsed.id) : ['no record'];
  }

  /** The breaker service and operators trip, and never into something milder. */
  #predictTrip({ commandId, by }: Command, body: TripOrder, agentId: string): readonly string[] {
    const { books } = this;
    const mayTrip = by === 'service:breaker' || rankOf(books.fleet, by) >= leastRank(body.type);
    if (!mayTrip) return [say.refused(commandId, 'forbidden')];
    const isPresent = books.fleet?.agents.some(({ id }) => id === agentId) === true;
    if (!isPresent) return [say.refused(commandId, 'not-found')];
    const turned = books.breaker(agentId).trip(body.mode, body.until, books);
    if (turned === null) return [say.refused(commandId, 'conflict')];
    return [say.accepted(commandId), ...turned];
  }

  #predictSharedOrder(command: Command): readonly string[] {
    const { fleet, homes } = this.books;
    const ruling = ruleOnShared(
      fleet,
      command,
      ({ id, ceiling }) => homes.ceilingOf(id) ?? ceiling,
    );
    if (ruling.kind === 'refused') return [say.refused(command.commandId, ruling.code)];
    if (ruling.kind !== 'ceiling' || !('budgetId' in command.body)) return ['no record'];
    const { budgetId } = command.body;
    homes.setCeiling(budgetId, ruling.amount);
    return [say.accepted(command.commandId), say.ceiling(budgetId, ruling.amount)];
  }

  #predictOrder(command: Command, agentId: string): readonly string[] {
    const { books } = this;
    const { commandId, by, body } = command;
    const agent = books.agent(agentId);
    const isWaiting = (intentId: string) => books.isWaiting(agentId, intentId);
    const bench = { fleet: books.fleet, agent, agentId, atMs: books.atMs, isWaiting };
    const ruling = ruleOn(bench, command);
    const accepted = say.accepted(commandId);
    switch (ruling.kind) {
      case 'refused':
        return [say.refused(commandId, ruling.code)];
      case 'expired': {
        const denied = books.deny(ruling.pending, 'approval-expired');
        return [say.refused(commandId, 'conflict'), denied];
      }
      case 'nothing':
        return [accepted];
      case 'rearmed':
        return [accepted, ...books.breaker(agentId).rearm(books)];
      case 'suspended':
      case 'resumed':
        agent.suspended = ruling.kind === 'suspended';
        return [accepted, say[ruling.kind]];
      case 'ceiling': {
        const budget = 'budgetId' in body ? body.budgetId : '';
        agent.ledger(budget).ceiling = ruling.amount;
        return [accepted, say.ceiling(budget, ruling.amount)];
      }
      default: {
        const { pending, kind } = ruling;
        const { intentId } = pending.intent;
        const voted = say.voted(intentId, by, kind === 'rejected' ? 'reject' : 'approve');
        if (kind === 'rejected') return [accepted, voted, books.deny(pending, 'approval-rejected')];
        pending.votes.push(by);
        return [accepted, voted, ...(kind === 'granted' ? books.conclude(pending, pending) : [])];
      }
    }
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index]);
}
