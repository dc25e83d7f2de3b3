import { MemoryLog } from '@estop/log/memory-log';
import { partitionOfKey } from '@estop/log/partitioner';
import type { StoredRecord } from '@estop/log/port';
import type { CompiledFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import type { Answer } from '@estop/policy/domain/input';
import { POLICY_SERVICE } from '@estop/policy/domain/people';
import { addressOf, type SliceBody } from '@estop/policy/domain/shared/messages';
import { limitSubject, parseSubject } from '@estop/schemas/ids';
import type { Command, DeadLetterReason, Intent } from '@estop/schemas/messages';
import { TOPICS, type Topic } from '@estop/schemas/topics';
import fc from 'fast-check';
import { afterAll, assert, beforeAll, describe, expect, it } from 'vitest';
import { type ByteMutation, byteMutations, mutateBytes } from './byte-mutations.ts';
import { loadFuzzFleet } from './fuzz-fleet.ts';
import { FUZZ_TIMEOUT_MS, fuzzAsync } from './fuzz-run.ts';
import { FuzzedPartition, PARTITION } from './fuzzed-partition.ts';
import { KNOWN_DIGEST, type Message, messages } from './message-inputs.ts';

const PARTITIONS = 2;
const RUNS = 400;
const STEPS = 60;
/** Of all answers: a test that met none of a kind would prove nothing of it. */
const LEAST_SHARES = {
  record: 0.15,
  again: 0.01,
  nothing: 0.01,
  malformed: 0.2,
  'unknown-schema': 0.03,
  'unknown-subject': 0.03,
};
const START_MS = Date.UTC(2026, 0, 15, 3, 0, 0);
const REASONS: ReadonlySet<DeadLetterReason> = new Set<DeadLetterReason>([
  'unauthenticated',
  'malformed',
  'unknown-schema',
  'too-large',
  'unknown-subject',
]);

let fleet: CompiledFleet;
beforeAll(async () => {
  fleet = await loadFuzzFleet();
});
afterAll(() => fleet.close());

/** How a record differs from what its writer would have appended. */
interface Disguise {
  readonly bytes?: readonly ByteMutation[];
  readonly schemaId?: number;
  readonly topic?: Topic;
  readonly key?: string;
  readonly partition?: number;
  readonly isNull?: true;
}

const disguises: fc.Arbitrary<Disguise> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  { weight: 6, arbitrary: fc.record({ bytes: byteMutations }) },
  { weight: 1, arbitrary: fc.record({ schemaId: fc.oneof(fc.nat(20), fc.integer()) }) },
  {
    weight: 1,
    arbitrary: fc.record({ topic: fc.constantFrom(...(Object.keys(TOPICS) as Topic[])) }),
  },
  { weight: 1, arbitrary: fc.record({ key: fc.constantFrom('', 'ops-bot', 'limit:calls', '\0') }) },
  { weight: 1, arbitrary: fc.record({ partition: fc.constantFrom(1, -1, 2 ** 31) }) },
  { weight: 1, arbitrary: fc.constant({ isNull: true as const }) },
);

interface Step {
  readonly message: Message;
  readonly disguise: Disguise;
  /** Before it. */
  readonly waitMs: number;
  readonly delivers: boolean;
}

const histories = fc.array(
  fc.record<Step>({
    message: messages,
    disguise: disguises,
    waitMs: fc.constantFrom(0, 0, 0, 10, 1_500, 25_000, 3_700_000),
    delivers: fc.boolean(),
  }),
  { minLength: STEPS, maxLength: STEPS },
);

/** One log, its partition and what was said of intents so far. */
class History {
  readonly log = new MemoryLog({ partitions: PARTITIONS });
  readonly partition = new FuzzedPartition(this.log, fleet, START_MS);
  readonly counts = new Map<string, number>();
  readonly #accepted = new Map<string, StoredRecord>();
  #offset = 0;

  step({ message, disguise, waitMs, delivers }: Step): void {
    if (waitMs > 0) this.partition.after(waitMs);
    if (delivers) for (const body of this.partition.takeMessages()) this.#deliver(body);
    const stored = this.#stored(message, disguise);
    this.#note(stored, this.partition.take(stored));
  }

  /** Every intent that was decided is still known, and answered from memory. */
  expectRemembered(): void {
    for (const stored of this.#accepted.values()) {
      const { kind } = this.partition.take({ ...stored, offset: this.#next() });
      assert.include(['again', 'nothing'], kind, 'a decided intent was forgotten');
    }
  }

  #note(stored: StoredRecord, answer: Answer): void {
    const what = answer.kind === 'dead-letter' ? answer.reason : answer.kind;
    if (answer.kind === 'dead-letter') {
      assert(REASONS.has(answer.reason), answer.reason);
      assert(answer.detail.length > 0);
    }
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    const isIntent = stored.topic === 'intents.v1' && answer.kind === 'record';
    if (isIntent) this.#accepted.set(`${stored.offset}`, stored);
  }

  #deliver(body: SliceBody): void {
    const subject = limitSubject(addressOf(body).limitId);
    const about = { commandId: 'c' as Command['commandId'], subject, by: POLICY_SERVICE };
    const value = this.log.codec('commands.v1').encode({ ...about, reason: null, body });
    const stored = { topic: 'commands.v1', key: subject, value } as const;
    this.partition.take({ ...this.#place(), ...stored });
  }

  #stored({ topic, key, message }: Message, disguise: Disguise): StoredRecord {
    const codec = this.log.codec(topic);
    let value: Buffer | null = codec.encode(this.#knowing(message) as never);
    if (disguise.schemaId !== undefined) {
      value = Buffer.from(value);
      value.writeInt32BE(disguise.schemaId | 0, 1);
    }
    if (disguise.bytes !== undefined) value = mutateBytes(value, disguise.bytes);
    if (disguise.isNull) value = null;
    const partition = disguise.partition ?? this.#partitionOf(key, message);
    const place = { ...this.#place(), partition };
    return { ...place, topic: disguise.topic ?? topic, key: disguise.key ?? key, value };
  }

  #partitionOf(key: string, message: Message['message']): number {
    const body = 'body' in message ? message.body : undefined;
    if (body?.type === 'GrantSlice') return body.answer.partition;
    if (body?.type === 'RecallSlice' || body?.type === 'OfferSlice') return body.partition;
    const subject = parseSubject(key);
    return partitionOfKey(subject?.kind === 'limit' ? subject.id : key, PARTITIONS);
  }

  /** People approve what they were shown: the digest is that of the intent that waits. */
  #knowing(message: Message['message']): Message['message'] {
    if (!('body' in message) || !('digest' in message.body)) return message;
    if (message.body.digest !== KNOWN_DIGEST) return message;
    const agent = this.partition.state.agentById.get(
      message.subject as string as Intent['agentId'],
    );
    const waiting = agent?.pendingById.values().next().value?.decision;
    if (waiting === undefined) return message;
    const { intentId, digest } = waiting;
    return { ...message, body: { ...message.body, intentId, digest } };
  }

  #place() {
    const offset = this.#next();
    return { partition: PARTITION, offset, timestampMs: this.partition.atMs, headers: {} };
  }

  #next(): number {
    this.#offset += 1;
    return this.#offset;
  }
}

describe('whatever bytes stand on the input topics', () => {
  const seen = new Map<string, number>();

  it('each is decided or a dead letter with a reason, and a rebuild gives the same state', {
    timeout: FUZZ_TIMEOUT_MS,
  }, async () => {
    await fuzzAsync(histories, { runs: RUNS, inputsPerRun: STEPS }, async (steps) => {
      const history = new History();
      for (const step of steps) history.step(step);
      assert.equal(await history.partition.rebuilt(), history.partition.live());
      history.expectRemembered();
      for (const [what, count] of history.counts) seen.set(what, (seen.get(what) ?? 0) + count);
    });
    for (const [what, share] of Object.entries(LEAST_SHARES)) {
      expect((seen.get(what) ?? 0) / (RUNS * STEPS), what).toBeGreaterThan(share);
    }
  });
});
