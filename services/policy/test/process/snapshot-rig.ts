/** A partition on a log, with its snapshots and without a service around it. */
import { MemoryLog } from '@estop/log/memory-log';
import type { NewRecord } from '@estop/log/port';
import { CHAIN_START, readChain } from '@estop/log/run/chain-reader';
import { ChainWriter } from '@estop/log/run/chain-writer';
import { EntryHashes } from '@estop/log/run/entry-hashes';
import { applyRecord } from '@estop/policy/domain/apply-record';
import { createRebuild } from '@estop/policy/domain/rebuild';
import { serializeState } from '@estop/policy/domain/serialize';
import type { FoldedRecord } from '@estop/policy/domain/snapshot/restore';
import { initialState } from '@estop/policy/domain/state';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { AuditRecord, Snapshot } from '@estop/schemas/messages';
import { Registry } from 'prom-client';
import { LogTime } from '../../src/process/log-time.ts';
import { createPolicyMetrics } from '../../src/process/policy-metrics.ts';
import { recover } from '../../src/process/recovery.ts';
import { SnapshotWriter } from '../../src/process/snapshot/snapshot-writer.ts';

const TOPIC = 'snapshots.v1';
/** A round is always due, and goes on with one subject after each turn. */
const PACE = {
  firstRoundMs: 0,
  roundRecords: 1,
  quietRoundRecords: 1,
  quietMs: 0,
  appendSubjects: 1,
};

export interface RecoveredRig {
  readonly text: string;
  readonly folded: number;
  readonly recent: readonly FoldedRecord[];
  readonly snapshots: SnapshotWriter;
  /** What was logged as an error. */
  readonly errors: string;
}

export class SnapshotRig {
  readonly log: MemoryLog;
  readonly state = initialState(0);
  releasedOffset = 0;
  readonly writer: ChainWriter;
  readonly #snapshots: SnapshotWriter;
  #proven: Promise<void> = Promise.resolve();
  #appendsLeft = Number.POSITIVE_INFINITY;

  constructor() {
    this.log = new MemoryLog({
      partitions: 1,
      beforeAppend: async (topic) => {
        if (topic !== TOPIC) return;
        this.#appendsLeft -= 1;
        if (this.#appendsLeft < 0) throw new Error('the process died here');
      },
    });
    const chain = { partition: 0, writer: 'test', position: CHAIN_START };
    this.writer = new ChainWriter(this.log, chain);
    this.#snapshots = new SnapshotWriter(this.#deps().deps, this.state, {
      hashes: new EntryHashes(),
      position: null,
      stale: [],
      nextOffset: 0,
      pace: PACE,
    });
  }

  /** From now on only so many appends to the snapshot get through. */
  dieAfter(appends: number): void {
    this.#appendsLeft = appends;
  }

  /** One turn: a record is written, and some of the snapshot if there is a `step`. */
  async turn(record: AuditRecord, isStep = true): Promise<void> {
    const { cause, at, subject, policyHash, events } = record;
    const linked = this.writer.link({ cause, at, subject, policyHash, events });
    applyRecord(this.state, linked.record, linked.offset);
    this.#snapshots.applied(subject, linked.bytes);
    this.#proven = this.writer.commit([]).proven.then(() => undefined);
    if (isStep) this.#snapshots.step(this.writer, { inputs: 0, ...this.#turn });
    await this.#proven;
    await new Promise(setImmediate);
  }

  finish(): Promise<void> {
    return this.#snapshots.finish(this.writer, this.#turn);
  }

  /** What a process that takes the partition over has. */
  async recovered(): Promise<RecoveredRig> {
    const { deps, lines } = this.#deps();
    const state = initialState(0);
    const time = new LogTime(this.log, systemClock);
    const { folded, recent, snapshots } = await recover(deps, { state, time });
    const errors = lines.filter((line) => line.includes('"level":"error"')).join('\n');
    return { text: serializeState(state), folded, recent, snapshots, errors };
  }

  /** What the audit log alone says. */
  async rebuilt(): Promise<string> {
    const rebuild = createRebuild(0);
    await readChain(this.log, 0, {
      onRecord: ({ record, stored }) => rebuild.apply(record, stored.offset),
    });
    return rebuild.text();
  }

  /** Keys and messages of the snapshot as a reader finds them. */
  async entries(): Promise<ReadonlyMap<string, Snapshot>> {
    const { records } = await this.log.read(TOPIC, 0, { fromOffset: 0, maxRecords: 1e6 });
    const entries = new Map<string, Snapshot>();
    for (const { key, value } of records) {
      if (value === null) entries.delete(key);
      else entries.set(key, this.log.codec(TOPIC).decode(value));
    }
    return entries;
  }

  /** Writes to the snapshot as nobody should. */
  async tamper(key: string, change: (entry: Snapshot) => Snapshot | null): Promise<void> {
    const entry = (await this.entries()).get(key);
    const changed = entry === undefined ? null : change(entry);
    const value = changed === null ? null : this.log.codec(TOPIC).encode(changed);
    const record: NewRecord = { key, value };
    this.#appendsLeft = Number.POSITIVE_INFINITY;
    await this.log.append(TOPIC, 0, [record]);
  }

  get #turn() {
    return { proven: this.#proven, releasedOffset: this.releasedOffset };
  }

  #deps() {
    const { logger, lines } = createMemoryLogger();
    const metrics = createPolicyMetrics(new Registry());
    const provenHeads = new Map();
    const deps = { log: this.log, clock: systemClock, logger, metrics, provenHeads };
    return { deps, lines };
  }
}
