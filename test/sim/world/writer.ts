/**
 * A small twin of the policy service's PartitionTask and Outbox, without promises: fold, take over,
 * decide, link, apply, hand over. In the same order as there, on the production decider, fold, chain
 * writer and slice protocol.
 */
import type { ChainHead } from '@estop/log/chain';
import type { Batch, EventLog } from '@estop/log/port';
import { ChainWriter } from '@estop/log/run/chain-writer';
import { decisionsOf } from '@estop/policy/domain/decisions-of';
import type { Fleet } from '@estop/policy/domain/fleet';
import { endedHalts } from '@estop/policy/domain/halts';
import type { Answer, Input } from '@estop/policy/domain/input';
import { takeDue } from '@estop/policy/domain/schedule';
import { overdue, takeResumable } from '@estop/policy/domain/shared/awaited';
import type { SliceBody } from '@estop/policy/domain/shared/messages';
import { SliceChores } from '@estop/policy/domain/shared/slice-chores';
import type { AwaitedRef } from '@estop/policy/domain/shared/slice-state';
import { initialState, type PartitionState } from '@estop/policy/domain/state';
import { invariant } from '@estop/schemas/invariant';
import type { AuditRecord } from '@estop/schemas/messages';
import {
  type AuditEntry,
  at,
  type DecidedAt,
  INPUT_TOPICS,
  type InputTopic,
  type SimLog,
} from '../log/sim-log.ts';
import { AUDIT_CODEC } from './audit-codec.ts';
import type { Machinery } from './machinery.ts';
import { type Effect, Outgoing } from './outgoing.ts';
import type { SimProcess } from './sim-process.ts';
import { type SimSnapshot, takeSnapshot } from './sim-snapshot.ts';
import { foldLog } from './takeover.ts';

const EXPIRIES_MAX = 500;

export interface WriterDeps {
  readonly log: SimLog;
  readonly machinery: Machinery;
  readonly process: SimProcess;
  readonly partition: number;
  readonly name: string;
}

/** Why a writer decides nothing more. */
export type End = 'head-lost' | 'log-truncated' | 'unanswered' | 'crashed';

interface Source {
  readonly topic: string;
  readonly offset: number;
  readonly timestampMs: number;
}

export interface TurnWish {
  readonly inputs: number;
  /** Which topics come first. */
  readonly order: number;
  /** The clock a process goes by may be behind the stamps of its inputs. */
  readonly ticks: boolean;
}

export class Writer {
  readonly deps: WriterDeps;
  readonly state: PartitionState;
  readonly outgoing = new Outgoing();
  end: End | null = null;
  /** Proven takeover: from now on it decides. */
  #isLive = false;
  #decided: DecidedAt[] = [];
  #effects: Effect[] = [];
  #captured: Batch | null = null;
  #chain: ChainWriter | null = null;
  readonly #chores: SliceChores;
  readonly #positions = new Map<InputTopic, number>();

  constructor(deps: WriterDeps) {
    this.deps = deps;
    this.state = initialState(deps.partition);
    this.#chores = new SliceChores(this.state);
  }

  /** Nothing of it is unproven: the state is what the log says. */
  get isSettled(): boolean {
    return this.#isLive && this.end === null && this.outgoing.isEmpty;
  }

  /** Folds the log, from a snapshot where one agrees with it, and says that it is the writer now. */
  takeOver(snapshot: SimSnapshot | undefined): void {
    const { log, partition, process, machinery, name } = this.deps;
    const entries = at(log.audit, partition);
    const known = process.provenHeads.get(partition);
    const proven = machinery.remembersProof ? known : undefined;
    const onRecent = (record: AuditRecord) => this.#release(record);
    const head = foldLog(this.state, { entries, machinery, snapshot, proven, onRecent });
    if (head === 'log-truncated') this.end = head;
    else this.#begin(head, entries.length, name);
  }

  #begin(head: ChainHead, nextOffset: number, writer: string): void {
    const { partition } = this.deps;
    const position = { nextOffset, head, voidRecords: 0 };
    this.#chain = new ChainWriter(this.#logForChain(), { partition, writer, position });
    const events = [{ type: 'WriterStarted', writer, version: 'simulated' }] as const;
    this.#record(this.#now('takeover'), { subject: null, events });
    this.#handOver();
  }

  /** The chain writer's commit ends here: what happens to the batch is up to the world. */
  #logForChain(): EventLog {
    const pending = new Promise<never>(() => undefined);
    const log = {
      codec: () => AUDIT_CODEC,
      appendAt: (head: Batch) => {
        this.#captured = head;
        return { proven: pending, complete: pending };
      },
    };
    return log as unknown as EventLog;
  }

  snapshot(): SimSnapshot {
    const { head, nextOffset: offset } = this.#writer();
    return takeSnapshot(this.state, { offset, head });
  }

  get nextOffset(): number {
    return this.#writer().nextOffset;
  }

  /** One turn: control inputs, what time brings, then inputs as they arrive. */
  turn(wish: TurnWish): void {
    if (!this.#isLive || this.end !== null || this.outgoing.isFull) return;
    if (!this.#hasFleet()) return;
    const { takesControlsFirst } = this.deps.machinery;
    if (takesControlsFirst) this.#takeControls();
    if (wish.ticks) this.#tick();
    for (let n = 0; n < wish.inputs; n += 1) {
      if (!this.#takeNext(Math.floor(wish.order / 3 ** n))) break;
      this.#resume(takeResumable(this.state));
    }
    if (!takesControlsFirst) this.#takeControls();
    this.#handOver();
  }

  /** The flight stands where it must: what rests on it may leave. */
  landed(): void {
    const { process, partition } = this.deps;
    const { head } = this.outgoing.flight ?? {};
    if (head !== undefined) process.provenHeads.set(partition, head);
    this.outgoing.landed();
    if (this.#isLive) return;
    this.#isLive = true;
    for (const topic of INPUT_TOPICS) {
      this.#positions.set(topic, this.state.nextOffsetByTopic.get(topic) ?? 0);
    }
  }

  /** The group hands over again what was not committed. */
  redeliver(topic: InputTopic, count: number): void {
    const position = this.#positions.get(topic);
    if (position !== undefined) this.#positions.set(topic, Math.max(0, position - count));
  }

  /** Whether all inputs have been taken. */
  get isCaughtUp(): boolean {
    const { log, partition } = this.deps;
    return INPUT_TOPICS.every((topic) => {
      return (this.#positions.get(topic) ?? 0) >= at(log.inputs[topic], partition).length;
    });
  }

  #takeControls(): void {
    const { process, partition } = this.deps;
    const controls = process.controlsFor(partition, this.state.nextOffsetByTopic);
    for (const { topic, offset, timestampMs, input } of controls) {
      this.#answer(input, { topic, offset, timestampMs });
    }
  }

  #tick(): void {
    const { nowMs } = this.deps.log;
    for (const agentId of takeDue(this.state.schedule, nowMs, EXPIRIES_MAX)) {
      while (this.#answer({ type: 'expiry', agentId }, this.#now('tick')).kind === 'record');
    }
    this.#resume(takeResumable(this.state));
    this.#resume(overdue(this.state, nowMs));
    for (const ended of endedHalts(this.state, nowMs)) this.#answer(ended, this.#now('tick'));
    for (const chore of this.#chores.due(nowMs)) this.#answer(chore, this.#now('tick'));
    for (const body of this.#chores.unanswered(nowMs)) this.#tell(body);
  }

  #resume(refs: readonly AwaitedRef[]): void {
    for (const awaited of refs) this.#answer({ type: 'resume', awaited }, this.#now('tick'));
  }

  /** The next input of a topic, or of another when there is none; false: there is none at all. */
  #takeNext(choice: number): boolean {
    const { log, partition } = this.deps;
    for (let n = 0; n < INPUT_TOPICS.length; n += 1) {
      const topic = at(INPUT_TOPICS, (choice + n) % INPUT_TOPICS.length);
      const position = this.#positions.get(topic) ?? 0;
      const stored = at(log.inputs[topic], partition)[position];
      if (stored === undefined) continue;
      this.#positions.set(topic, position + 1);
      const isNew = position >= (this.state.nextOffsetByTopic.get(topic) ?? 0);
      if (isNew) this.#answer(stored.input, stored);
      return true;
    }
    return false;
  }

  #answer(input: Input, source: Source): Answer {
    const { log, machinery } = this.deps;
    const atMs = Math.max(this.state.atMs, source.timestampMs);
    const nowMs = Math.max(atMs, log.nowMs);
    const context = { state: this.state, fleet: this.#fleet(), atMs, nowMs };
    const answer = machinery.decide(context, input);
    if (answer.kind === 'record') this.#record(source, answer);
    if (answer.kind === 'again') {
      this.#effects.push({ type: 'decision', decision: answer.decision });
    }
    if (answer.kind === 'tell') for (const body of answer.bodies) this.#tell(body);
    return answer;
  }

  #record(source: Source, { subject, events }: Pick<AuditRecord, 'subject' | 'events'>): void {
    const { machinery, partition, log, process } = this.deps;
    const { fleetHash: policyHash } = this.state;
    const cause = { topic: source.topic, partition, offset: source.offset };
    const atMs = Math.max(this.state.atMs, source.timestampMs);
    const knowsFleet = this.#fleet() !== null;
    const { step, nowMs } = log;
    this.#decided.push({ step, nowMs, knownHalts: process.knownHalts, knowsFleet });
    const draft = { cause, at: atMs, subject, policyHash, events };
    const { record, offset } = this.#writer().link(draft);
    machinery.applyRecord(this.state, record, offset);
    this.#release(record);
  }

  /** What follows from a record: decisions made or changed, and messages. */
  #release(record: AuditRecord): void {
    for (const event of record.events) {
      for (const body of this.deps.machinery.messagesOf(event)) this.#tell(body);
    }
    for (const decision of decisionsOf(this.state, record)) {
      this.#effects.push({ type: 'decision', decision });
    }
  }

  #tell(body: SliceBody): void {
    this.#effects.push({ type: 'message', body });
  }

  /** Hands over what was decided, behind what is on its way already. */
  #handOver(): void {
    if (this.#decided.length + this.#effects.length === 0) return;
    const chain = this.#writer();
    this.#captured = null;
    if (this.#decided.length > 0) void chain.commit([]);
    const batch: Batch | null = this.#captured;
    const entries = linked(batch, this.#decided);
    const { releasesAfterProof } = this.deps.machinery;
    const effects = releasesAfterProof ? this.#effects : [];
    if (!releasesAfterProof) this.outgoing.leaving.push(...this.#effects);
    const { head, nextOffset } = chain;
    this.outgoing.handOver({ offset: nextOffset - entries.length, head, entries, effects });
    this.#decided = [];
    this.#effects = [];
  }

  #now(topic: 'tick' | 'takeover'): Source {
    return { topic, offset: -1, timestampMs: this.deps.log.nowMs };
  }

  /** The bundle in force may not have arrived here, and is waited for. */
  #hasFleet(): boolean {
    const { process, partition } = this.deps;
    if (this.state.fleetHash === null || this.#fleet() !== null) return true;
    const controls = process.controlsFor(partition, this.state.nextOffsetByTopic);
    return controls.some(({ input }) => input.type === 'fleet');
  }

  #fleet(): Fleet | null {
    return this.deps.process.fleet(this.state.fleetHash);
  }

  #writer(): ChainWriter {
    invariant(this.#chain !== null, 'the partition was taken over');
    return this.#chain;
  }
}

function linked(batch: Batch | null, decided: readonly DecidedAt[]): readonly AuditEntry[] {
  return decided.map((facts, index) => {
    const value = batch?.records[index]?.value;
    invariant(Buffer.isBuffer(value), 'every record decided was linked');
    return { value, decided: facts };
  });
}
