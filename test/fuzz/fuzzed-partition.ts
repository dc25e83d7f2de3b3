/** One partition of the policy service as the process drives it, given records as the log has them. */
import type { MemoryLog } from '@estop/log/memory-log';
import type { StoredRecord } from '@estop/log/port';
import { CHAIN_START, readChain } from '@estop/log/run/chain-reader';
import { ChainWriter } from '@estop/log/run/chain-writer';
import { agentView } from '@estop/policy/domain/agent-view';
import { applyRecord } from '@estop/policy/domain/apply-record';
import { decide } from '@estop/policy/domain/decide';
import { decisionsOf } from '@estop/policy/domain/decisions-of';
import type { Fleet } from '@estop/policy/domain/fleet';
import type { Answer, Input } from '@estop/policy/domain/input';
import { createRebuild } from '@estop/policy/domain/rebuild';
import { takeDue } from '@estop/policy/domain/schedule';
import { serializeState } from '@estop/policy/domain/serialize';
import { overdue, takeResumable } from '@estop/policy/domain/shared/awaited';
import { messagesOf, type SliceBody } from '@estop/policy/domain/shared/messages';
import { SliceChores } from '@estop/policy/domain/shared/slice-chores';
import { initialState, type PartitionState } from '@estop/policy/domain/state';
import { type DeadInput, effectBatches } from '@estop/policy/process/effects';
import { asDeadLetter, readInput } from '@estop/policy/process/inputs';
import type { Decision } from '@estop/schemas/messages';

export const PARTITION = 0;
const TICK = { topic: 'tick', partition: PARTITION, offset: -1 };

export class FuzzedPartition {
  readonly state: PartitionState = initialState(PARTITION);
  atMs: number;
  readonly #log: MemoryLog;
  readonly #fleet: Fleet;
  readonly #writer: ChainWriter;
  readonly #chores: SliceChores;
  readonly #messages: SliceBody[] = [];

  constructor(log: MemoryLog, fleet: Fleet, startMs: number) {
    this.#log = log;
    this.#fleet = fleet;
    this.atMs = startMs;
    const chain = { partition: PARTITION, writer: 'fuzz', position: CHAIN_START };
    this.#writer = new ChainWriter(log, chain);
    this.#chores = new SliceChores(this.state);
    this.#answer({ type: 'fleet', hash: fleet.hash }, TICK);
  }

  /** What became of one stored record; throws where the process would end. */
  take(stored: StoredRecord): Answer {
    const context = { log: this.#log, state: this.state, fleet: this.#fleet };
    const read = readInput(context, stored);
    const answer: Answer = read.ok
      ? this.#answer(read.input, stored)
      : { kind: 'dead-letter', reason: read.reason, detail: read.detail };
    if (answer.kind === 'dead-letter') {
      this.#send({ deadLetters: [{ stored, reason: answer.reason, detail: answer.detail }] });
    }
    if (answer.kind === 'again') this.#send({ decisions: [answer.decision] });
    if (answer.kind === 'tell') this.#tell(answer.bodies);
    this.#resume();
    return answer;
  }

  /** Time passes, and what it brings is decided. */
  after(ms: number): void {
    this.atMs += ms;
    for (const agentId of takeDue(this.state.schedule, this.atMs, 100)) {
      while (this.#answer({ type: 'expiry', agentId }, TICK).kind === 'record');
    }
    for (const awaited of overdue(this.state, this.atMs)) {
      this.#answer({ type: 'resume', awaited }, TICK);
    }
    for (const chore of this.#chores.due(this.atMs)) this.#answer(chore, TICK);
    this.#tell(this.#chores.unanswered(this.atMs));
    this.#resume();
  }

  /** Messages about shared limits that the partition has sent, to be brought to where they go. */
  takeMessages(): readonly SliceBody[] {
    return this.#messages.splice(0);
  }

  live(): string {
    return serializeState(this.state);
  }

  /** The state that the log gives, which must have every record that was decided. */
  async rebuilt(): Promise<string> {
    await this.#writer.commit([]).proven;
    const rebuild = createRebuild(PARTITION);
    const { nextOffset, voidRecords } = await readChain(this.#log, PARTITION, {
      onRecord: ({ record, stored }) => rebuild.apply(record, stored.offset),
    });
    if (nextOffset !== this.#writer.nextOffset || voidRecords > 0) throw new Error('records lack');
    return rebuild.text();
  }

  #resume(): void {
    for (const awaited of takeResumable(this.state)) {
      this.#answer({ type: 'resume', awaited }, TICK);
    }
  }

  #answer(input: Input, source: Pick<StoredRecord, 'partition' | 'offset'> & { topic: string }) {
    const { state } = this;
    const atMs = Math.max(state.atMs, this.atMs);
    try {
      const answer = decide({ state, fleet: this.#fleet, atMs, nowMs: atMs }, input);
      if (answer.kind === 'record') this.#record(answer, source, atMs);
      return answer;
    } catch (error) {
      return asDeadLetter(error);
    }
  }

  #record(
    { subject, events }: Extract<Answer, { readonly kind: 'record' }>,
    { topic, partition, offset: inputOffset }: { topic: string; partition: number; offset: number },
    at: number,
  ): void {
    const cause = { topic, partition, offset: inputOffset };
    const policyHash = this.state.fleetHash;
    const { record, offset } = this.#writer.link({ cause, at, subject, policyHash, events });
    applyRecord(this.state, record, offset);
    const position = { partition: PARTITION, offset };
    const about = subject === null ? [] : [{ subject, record: position }];
    this.#send({
      decisions: decisionsOf(this.state, record),
      views: about.map((one) => agentView(this.state, this.#fleet, one)),
    });
    this.#tell(events.flatMap(messagesOf));
  }

  #tell(messages: readonly SliceBody[]): void {
    this.#send({ messages });
    this.#messages.push(...messages);
  }

  /** Encodes what leaves, as the process does before it hands it to the log. */
  #send(effects: {
    readonly decisions?: readonly Decision[];
    readonly views?: readonly ReturnType<typeof agentView>[];
    readonly deadLetters?: readonly DeadInput[];
    readonly messages?: readonly SliceBody[];
  }): void {
    const none = { decisions: [], views: [], deadLetters: [], messages: [] };
    for (const { topic, partition } of effectBatches(this.#log, PARTITION, {
      ...none,
      ...effects,
    })) {
      if (partition >= 0 && partition < this.#log.partitions) continue;
      throw new RangeError(`something would be sent to ${topic}/${partition}, which there is not`);
    }
  }
}
