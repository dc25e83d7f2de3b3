/**
 * One partition of the decider while this process owns it: fold the log, take over, then decide
 * inputs in batches. The state runs ahead of the log by at most two batches, the one on its way and
 * the one being decided; when a proof fails the task throws, its state is dropped, and the next run
 * folds again.
 */
import { randomUUID } from 'node:crypto';
import type { Assignment, Batch, StoredRecord } from '@estop/log/port';
import { readChain } from '@estop/log/run/chain-reader';
import { ChainWriter, type RecordDraft } from '@estop/log/run/chain-writer';
import { EstopError } from '@estop/schemas/errors';
import type { Decision } from '@estop/schemas/messages';
import type { Topic } from '@estop/schemas/topics';
import { agentView } from '../domain/agent-view.ts';
import { applyRecord } from '../domain/apply-record.ts';
import { decide } from '../domain/decide.ts';
import type { Fleet } from '../domain/fleet.ts';
import type { Answer, Input } from '../domain/input.ts';
import { EXPIRIES_PER_TICK_MAX } from '../domain/limits.ts';
import { limitsLeft } from '../domain/limits-left.ts';
import { scheduleExpiry, takeDue } from '../domain/schedule.ts';
import { serializeState } from '../domain/serialize.ts';
import { initialState, type PartitionState } from '../domain/state.ts';
import type { ControlInput } from './control-feed.ts';
import { decisionsOf } from './decisions-of.ts';
import { type Effects, effectBatches, noEffects } from './effects.ts';
import { asDeadLetter, INPUT_TOPICS, offsetsAfter, readInput } from './inputs.ts';
import { LogTime } from './log-time.ts';
import { News } from './news.ts';
import type { LiveState, PartitionDeps, Source } from './partition-context.ts';
import { RecentRecords } from './recent-records.ts';
import { PACED_VIEWS_MS, ViewPacer } from './view-pacer.ts';

const BATCH_RECORDS = 500;
const TICK_MS = 1_000;
const NO_OFFSET = -1;

export class PartitionTask {
  readonly #deps: PartitionDeps;
  readonly #assignment: Assignment;
  readonly #state: PartitionState;
  readonly #pacer: ViewPacer;
  readonly #time: LogTime;
  readonly #deadControls = new WeakSet<StoredRecord>();
  #writer: ChainWriter | null = null;
  #effects: Effects = noEffects();
  /** The last batch handed to the log, and before it the effects of the one before. */
  #proven: Promise<void> = Promise.resolve();
  /** The effects of the last batch. */
  #published: Promise<void> = Promise.resolve();
  #stateWaiters: ((state: LiveState | undefined) => void)[] = [];

  constructor(deps: PartitionDeps, assignment: Assignment) {
    this.#deps = deps;
    this.#assignment = assignment;
    this.#state = initialState(assignment.partition);
    this.#pacer = new ViewPacer(deps.clock);
    this.#time = new LogTime(deps.log, deps.clock);
  }

  /**
   * The live state as canonical text, and the audit offset it stands for. Taken between two turns,
   * when everything in it is proven; undefined when the task ended before.
   */
  liveState(): Promise<LiveState | undefined> {
    return new Promise((resolve) => {
      this.#stateWaiters.push(resolve);
    });
  }

  /** Owns the partition until the assignment's signal fires. */
  async run(): Promise<void> {
    await this.#takeOver();
    const news = new News(this.#deps.feed);
    try {
      await this.#seekInputs();
      let next: Promise<readonly StoredRecord[]> | null = null;
      while (!this.#assignment.signal.aborted) {
        const waitMs = this.#pacer.isEmpty ? TICK_MS : PACED_VIEWS_MS;
        if (next === null) {
          next = this.#assignment.next(BATCH_RECORDS, waitMs);
          // A failure surfaces where it is awaited, which news may put off.
          next.catch(() => undefined);
        }
        const inputs = await news.orUntil(next);
        if (inputs !== null) next = null;
        await this.#turn(inputs ?? []);
      }
      await this.#proven;
      await this.#published;
    } finally {
      news.close();
      this.#answerStateWaiters(undefined);
    }
  }

  async #takeOver(): Promise<void> {
    const { log, logger, version } = this.#deps;
    const { partition } = this.#assignment;
    const recent = new RecentRecords();
    const position = await readChain(log, partition, {
      onRecord: ({ record, stored }) => {
        this.#time.saw(stored.timestampMs);
        applyRecord(this.#state, record, stored.offset);
        recent.add(record, stored.offset);
      },
    });
    this.#releaseAgain(recent);
    this.#deps.metrics.voidRecords.inc(position.voidRecords);
    const writer = `policy/${randomUUID()}`;
    this.#writer = new ChainWriter(log, { partition, writer, position });
    this.#record(this.#control('takeover'), {
      subject: null,
      events: [{ type: 'WriterStarted', writer, version }],
    });
    await this.#handOver();
    await this.#proven;
    logger.info({ partition, records: position.nextOffset }, 'partition taken over');
  }

  /** The writer before may have proven these and not lived to publish them. */
  #releaseAgain(recent: RecentRecords): void {
    for (const { record, offset } of recent.all()) {
      if (record.subject === null) continue;
      this.#effects.changed.set(record.subject, offset);
      this.#effects.decisions.push(...decisionsOf(this.#state, record));
    }
  }

  async #seekInputs(): Promise<void> {
    const { log } = this.#deps;
    const { partition } = this.#assignment;
    const offsets = new Map<Topic, number>();
    for (const topic of INPUT_TOPICS) {
      const wanted = this.#state.nextOffsetByTopic.get(topic) ?? 0;
      const end = await log.endOffset(topic, partition);
      if (end < wanted) {
        const detail = `${topic} partition ${partition} ends at ${end}, ${wanted} was decided`;
        throw new EstopError('log-truncated', `${detail}: acknowledged records vanished`);
      }
      offsets.set(topic, Math.max(wanted, await log.startOffset(topic, partition)));
    }
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
    for (const control of feed.inputsFor(this.#state.partition, this.#state.nextOffsetByTopic)) {
      this.#takeControl(control);
    }
    this.#tick();
    if (inputs.length > 0) await log.learnSchemas(inputs);
    for (const stored of inputs) this.#take(stored);
    await this.#handOver();
    if (inputs.length > 0) this.#assignment.commit(offsetsAfter(inputs));
    if (this.#stateWaiters.length > 0 && this.#writer !== null) {
      await this.#proven;
      const { nextOffset } = this.#writer;
      this.#answerStateWaiters({ nextOffset, text: serializeState(this.#state) });
    }
  }

  #answerStateWaiters(state: LiveState | undefined): void {
    const waiters = this.#stateWaiters;
    this.#stateWaiters = [];
    for (const answer of waiters) answer(state);
  }

  #tick(): void {
    const nowMs = this.#time.nowMs();
    for (const agentId of takeDue(this.#state.schedule, nowMs, EXPIRIES_PER_TICK_MAX)) {
      // One record holds a bounded number of expiries.
      const source = this.#control('tick');
      let answer: Answer;
      do answer = this.#answer({ type: 'expiry', agentId }, source);
      while (answer.kind === 'record');
      if (answer.kind !== 'dead-letter') continue;
      this.#deps.logger.error({ agentId, detail: answer.detail }, 'expiry not recorded');
      scheduleExpiry(this.#state.schedule, agentId, nowMs + TICK_MS);
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
    this.#effects.deadLetters.push({ stored, reason: answer.reason, detail: answer.detail });
  }

  #take(stored: StoredRecord): void {
    const { topic, offset } = stored;
    this.#time.saw(stored.timestampMs);
    if (offset < (this.#state.nextOffsetByTopic.get(topic) ?? 0)) return;
    const read = readInput(
      { log: this.#deps.log, state: this.#state, fleet: this.#fleet() },
      stored,
    );
    if (!read.ok) {
      this.#effects.deadLetters.push({ stored, reason: read.reason, detail: read.detail });
      return;
    }
    const answer = this.#answer(read.input, stored);
    if (answer.kind === 'dead-letter') {
      this.#effects.deadLetters.push({ stored, reason: answer.reason, detail: answer.detail });
    }
  }

  #answer(input: Input, source: Source): Answer {
    const atMs = Math.max(this.#state.atMs, source.timestampMs);
    try {
      const answer = decide({ state: this.#state, fleet: this.#fleet(), atMs }, input);
      if (answer.kind === 'record') this.#record(source, answer);
      if (answer.kind === 'again') this.#effects.decisions.push(answer.decision);
      return answer;
    } catch (error) {
      return asDeadLetter(error);
    }
  }

  #record(source: Source, answer: Pick<RecordDraft, 'subject' | 'events'>): void {
    if (this.#writer === null)
      throw new EstopError('log-closed', 'the partition is not taken over');
    const { topic, partition, offset: inputOffset } = source;
    const { record, offset } = this.#writer.link({
      cause: { topic, partition, offset: inputOffset },
      at: Math.max(this.#state.atMs, source.timestampMs),
      subject: answer.subject,
      policyHash: this.#state.fleetHash,
      events: answer.events,
    });
    applyRecord(this.#state, record, offset);
    if (record.subject === null) return;
    this.#effects.changed.set(record.subject, offset);
    for (const decision of decisionsOf(this.#state, record)) this.#effects.decisions.push(decision);
  }

  /**
   * Hands what was decided to the log and goes on: the next batch is decided while this one is on
   * its way. At most one batch is unproven when the next is handed over. Nothing leaves before the
   * audit records it rests on are proven.
   */
  async #handOver(): Promise<void> {
    if (this.#writer === null) return;
    const { batches, count } = this.#prepareEffects();
    await this.#proven;
    const published = this.#published;
    const { proven, complete } = this.#writer.commit(batches);
    this.#proven = Promise.all([proven, published]).then(([stampedMs]) => {
      if (stampedMs !== null) this.#time.saw(stampedMs);
    });
    this.#published = complete.then(count);
    // A failure surfaces at the next await; until then it must not count as unhandled.
    this.#proven.catch(() => undefined);
    this.#published.catch(() => undefined);
  }

  /** Reads everything from the state now: by the time it leaves, the state has run ahead. */
  #prepareEffects(): { readonly batches: readonly Batch[]; readonly count: () => void } {
    const { log, metrics } = this.#deps;
    const { partition } = this.#assignment;
    const { changed, decisions: made, deadLetters } = this.#effects;
    this.#effects = noEffects();
    const decisions = made.map((decision) => this.#withLimits(decision));
    const fleet = this.#fleet();
    const views = this.#pacer.due(changed).map(([subject, offset]) => {
      return agentView(this.#state, fleet, { subject, record: { partition, offset } });
    });
    const batches = effectBatches(log, partition, { decisions, views, deadLetters });
    return { batches, count: () => metrics.count(decisions, deadLetters) };
  }

  #withLimits(decision: Decision): Decision {
    const agent = this.#state.agentById.get(decision.agentId);
    if (agent === undefined) return decision;
    const { tool } = decision;
    const limits = limitsLeft(this.#fleet(), agent, { tool, atMs: this.#state.atMs });
    return limits.length === 0 ? decision : { ...decision, limits };
  }

  #fleet(): Fleet | null {
    return this.#deps.feed.fleet(this.#state.fleetHash);
  }

  #control(topic: 'tick' | 'takeover'): Source {
    const timestampMs = this.#time.nowMs();
    return { topic, partition: this.#assignment.partition, offset: NO_OFFSET, timestampMs };
  }
}
