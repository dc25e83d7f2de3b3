/**
 * One partition of the decider while this process owns it: fold the log, take over, then decide
 * inputs in batches. The state runs ahead of the log by at most two batches, the one on its way and
 * the one being decided; when a proof fails the task throws, its state is dropped, and the next run
 * folds again.
 */

import { randomUUID } from 'node:crypto';
import type { Assignment, StoredRecord } from '@estop/log/port';
import { ChainWriter, type RecordDraft } from '@estop/log/run/chain-writer';
import { EstopError } from '@estop/schemas/errors';
import type { AgentId } from '@estop/schemas/ids';
import { applyRecord } from '../domain/apply-record.ts';
import { decide } from '../domain/decide.ts';
import type { Fleet } from '../domain/fleet.ts';
import { endedHalts } from '../domain/halts.ts';
import type { Answer, Input } from '../domain/input.ts';
import { scheduleExpiry } from '../domain/schedule.ts';
import { serializeState } from '../domain/serialize.ts';
import { overdue, takeResumable } from '../domain/shared/awaited.ts';
import { awaitsSlices, SLICES_MS, SliceChores } from '../domain/shared/slice-chores.ts';
import type { AwaitedRef } from '../domain/shared/slice-state.ts';
import { initialState, type PartitionState } from '../domain/state.ts';
import type { ControlInput } from './control-feed.ts';
import type { DeadInput } from './effects.ts';
import { Expiries } from './expiries.ts';
import { asDeadLetter, offsetsAfter, offsetsToRead, readInput } from './inputs.ts';
import { LogTime } from './log-time.ts';
import { News } from './news.ts';
import { Outbox } from './outbox.ts';
import type { LiveState, PartitionDeps, Source } from './partition-context.ts';
import { recover } from './recovery.ts';
import type { SnapshotWriter } from './snapshot/snapshot-writer.ts';
import { StateWaiters } from './state-waiters.ts';
import { PACED_VIEWS_MS } from './view-pacer.ts';

const BATCH_RECORDS = 500;
/** While effects of earlier records are owed, which leave with the turns. */
const OWING_BATCH_RECORDS = 64;
const TICK_MS = 1_000;
/** Between two steps of what goes on beside the inputs, while there are none. */
const CHORE_PAUSE_MS = 5;
const NO_OFFSET = -1;

export class PartitionTask {
  readonly #deps: PartitionDeps;
  readonly #assignment: Assignment;
  readonly #state: PartitionState;
  readonly #outbox: Outbox;
  readonly #slices: SliceChores;
  readonly #time: LogTime;
  readonly #deadControls = new WeakSet<StoredRecord>();
  #writer: ChainWriter | null = null;
  /** The log's time at the beginning of the turn. */
  #nowMs = 0;
  #snapshots: SnapshotWriter | null = null;
  readonly #expiries: Expiries;
  readonly #stateWaiters = new StateWaiters();

  constructor(deps: PartitionDeps, assignment: Assignment) {
    this.#deps = deps;
    this.#assignment = assignment;
    this.#state = initialState(assignment.partition);
    this.#time = new LogTime(deps.log, deps.clock);
    this.#slices = new SliceChores(this.#state);
    this.#expiries = new Expiries(this.#state.schedule, (agentId) => this.#expire(agentId));
    this.#outbox = new Outbox(deps, {
      state: this.#state,
      fleet: () => this.#fleet(),
      time: this.#time,
    });
  }

  /**
   * The live state as canonical text, and the audit offset it stands for. Taken between two turns,
   * when everything in it is proven; undefined when the task ended before.
   */
  liveState(): Promise<LiveState | undefined> {
    return this.#stateWaiters.next();
  }

  /** Owns the partition until the assignment's signal fires. */
  async run(): Promise<void> {
    await this.#takeOver();
    const news = new News(this.#deps.feed);
    try {
      await this.#seekInputs();
      let next: Promise<readonly StoredRecord[]> | null = null;
      while (!this.#assignment.signal.aborted) {
        const waitMs = this.#waitMs();
        if (next === null) {
          const most = this.#outbox.isOwing ? OWING_BATCH_RECORDS : BATCH_RECORDS;
          next = this.#assignment.next(most, waitMs);
          // A failure surfaces where it is awaited, which news may put off.
          next.catch(() => undefined);
        }
        const inputs = await news.orUntil(next);
        if (inputs !== null) next = null;
        await this.#turn(inputs ?? []);
      }
      await this.#outbox.proven;
      await this.#outbox.published;
      if (this.#writer !== null) await this.#snapshots?.finish(this.#writer, this.#outbox);
    } finally {
      news.close();
      this.#stateWaiters.answer(undefined);
    }
  }

  /** How long the next turn may wait for inputs: whoever waits for slices has no second to spare. */
  #waitMs(): number {
    if (awaitsSlices(this.#state)) return SLICES_MS;
    const hasChores = this.#expiries.isBehind || this.#outbox.isOwing || this.#snapshots?.isWriting;
    if (hasChores === true) return CHORE_PAUSE_MS;
    return this.#outbox.isSettled ? TICK_MS : PACED_VIEWS_MS;
  }

  async #takeOver(): Promise<void> {
    const { log, logger, version } = this.#deps;
    const { partition } = this.#assignment;
    const recovered = await recover(this.#deps, { state: this.#state, time: this.#time });
    const { position, recent, snapshots, folded } = recovered;
    this.#snapshots = snapshots;
    // The effects tell what the fleet leaves of each limit, and nothing is decided without it.
    await this.#deps.feed.start();
    await this.#deps.feed.untilFleet(this.#state);
    this.#outbox.releaseAgain(recent);
    this.#deps.metrics.voidRecords.inc(position.voidRecords);
    const writer = `policy/${randomUUID()}`;
    this.#writer = new ChainWriter(log, { partition, writer, position });
    this.#record(this.#control('takeover'), {
      subject: null,
      events: [{ type: 'WriterStarted', writer, version }],
    });
    await this.#outbox.handOver(this.#writer);
    await this.#outbox.proven;
    logger.info({ partition, records: position.nextOffset, folded }, 'partition taken over');
  }

  async #seekInputs(): Promise<void> {
    const offsets = await offsetsToRead(this.#deps.log, this.#state);
    await this.#assignment.seek(offsets);
    // The owner before may not have lived to say how far it was.
    this.#assignment.commit(offsets);
  }

  /** Decides what arrived: control inputs first, so that a halt overtakes the intents behind it. */
  async #turn(inputs: readonly StoredRecord[]): Promise<void> {
    const { feed, log } = this.#deps;
    if (!feed.isLive) {
      throw new EstopError('log-unavailable', 'halts cannot be followed: nothing is decided');
    }
    this.#nowMs = this.#time.nowMs();
    await this.#takeControls();
    await this.#tick(inputs.length);
    if (inputs.length > 0) await log.learnSchemas(inputs);
    for (const stored of inputs) {
      this.#take(stored);
      await this.#resume(takeResumable(this.#state));
      await this.#handOverFull();
    }
    await this.#handOver();
    if (inputs.length > 0) this.#assignment.commit(offsetsAfter(inputs));
    if (this.#writer !== null) {
      const { proven, releasedOffset } = this.#outbox;
      this.#snapshots?.step(this.#writer, { inputs: inputs.length, proven, releasedOffset });
    }
    if (!this.#stateWaiters.isEmpty && this.#writer !== null) {
      await this.#outbox.proven;
      const { nextOffset } = this.#writer;
      this.#stateWaiters.answer({ nextOffset, text: serializeState(this.#state) });
    }
  }

  async #tick(inputs: number): Promise<void> {
    const nowMs = this.#nowMs;
    for (const agentId of this.#expiries.due(nowMs, inputs)) {
      this.#expiries.expire(agentId);
      await this.#handOverFull();
    }
    await this.#resume(takeResumable(this.#state));
    await this.#resume(overdue(this.#state, nowMs));
    for (const due of [...endedHalts(this.#state, nowMs), ...this.#slices.due(nowMs)]) {
      this.#answer(due, this.#control('tick'));
      await this.#handOverFull();
    }
    this.#outbox.effects.messages.push(...this.#slices.unanswered(nowMs));
  }

  #expire(agentId: AgentId): boolean {
    const answer = this.#answer({ type: 'expiry', agentId }, this.#control('tick'));
    if (answer.kind === 'dead-letter') {
      this.#deps.logger.error({ agentId, detail: answer.detail }, 'expiry not recorded');
      scheduleExpiry(this.#state.schedule, agentId, this.#nowMs + TICK_MS);
    }
    return answer.kind === 'record';
  }

  /** Intents that waited for slices, in the order they came. */
  async #resume(awaited: readonly AwaitedRef[]): Promise<void> {
    for (const one of awaited) {
      this.#answer({ type: 'resume', awaited: one }, this.#control('tick'));
      await this.#handOverFull();
    }
  }

  async #takeControls(): Promise<void> {
    const { partition, nextOffsetByTopic } = this.#state;
    for (const control of this.#deps.feed.inputsFor(partition, nextOffsetByTopic)) {
      this.#takeControl(control);
      if (this.#outbox.isFull) await this.#handOver();
    }
  }

  #takeControl({ input, stored }: ControlInput): void {
    // One that is dead has no record, so the feed offers it again.
    if (this.#deadControls.has(stored)) return;
    const answer = this.#answer(input, stored);
    if (answer.kind !== 'dead-letter') return;
    const { topic, offset } = stored;
    this.#deps.logger.error({ topic, offset, detail: answer.detail }, 'control input not taken');
    this.#deadControls.add(stored);
    this.#bury(stored, answer);
  }

  #bury(stored: StoredRecord, { reason, detail }: Omit<DeadInput, 'stored'>): void {
    this.#outbox.effects.deadLetters.push({ stored, reason, detail });
  }

  #take(stored: StoredRecord): void {
    const { topic, offset } = stored;
    this.#time.saw(stored.timestampMs);
    if (offset < (this.#state.nextOffsetByTopic.get(topic) ?? 0)) return undefined;
    const read = readInput(
      { log: this.#deps.log, state: this.#state, fleet: this.#fleet() },
      stored,
    );
    if (!read.ok) return this.#bury(stored, read);
    if (read.input.type === 'intent') this.#expiries.before(read.input.intent.agentId);
    const answer = this.#answer(read.input, stored);
    if (answer.kind === 'dead-letter') this.#bury(stored, answer);
    return undefined;
  }

  #answer(input: Input, source: Source): Answer {
    const atMs = Math.max(this.#state.atMs, source.timestampMs);
    try {
      const nowMs = Math.max(atMs, this.#nowMs);
      const answer = decide({ state: this.#state, fleet: this.#fleet(), atMs, nowMs }, input);
      if (answer.kind === 'record') this.#record(source, answer);
      if (answer.kind === 'again') this.#outbox.effects.decisions.push(answer.decision);
      if (answer.kind === 'tell') this.#outbox.effects.messages.push(...answer.bodies);
      return answer;
    } catch (error) {
      return asDeadLetter(error);
    }
  }

  #record(source: Source, answer: Pick<RecordDraft, 'subject' | 'events'>): void {
    if (this.#writer === null)
      throw new EstopError('log-closed', 'the partition is not taken over');
    const { topic, partition, offset: inputOffset } = source;
    const { record, offset, bytes } = this.#writer.link({
      cause: { topic, partition, offset: inputOffset },
      at: Math.max(this.#state.atMs, source.timestampMs),
      subject: answer.subject,
      policyHash: this.#state.fleetHash,
      events: answer.events,
    });
    applyRecord(this.#state, record, offset);
    this.#snapshots?.applied(record.subject, bytes);
    this.#outbox.release(record, offset);
  }

  async #handOver(): Promise<void> {
    if (this.#writer === null) return;
    this.#outbox.releaseOwed();
    await this.#outbox.handOver(this.#writer);
  }

  /** In the midst of a turn. A halt that arrives meanwhile comes first. */
  async #handOverFull(): Promise<void> {
    if (!this.#outbox.isFull) return;
    await this.#handOver();
    await this.#takeControls();
  }

  #fleet(): Fleet | null {
    return this.#deps.feed.fleet(this.#state.fleetHash);
  }

  #control(topic: 'tick' | 'takeover'): Source {
    const timestampMs = this.#time.nowMs();
    return { topic, partition: this.#assignment.partition, offset: NO_OFFSET, timestampMs };
  }
}
