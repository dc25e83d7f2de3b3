/**
 * The world of one run: a log, processes, the writers they run, what is on its way, and an observer
 * who follows the log. Time and faults come from the steps alone.
 */

import type { Fleet } from '@estop/policy/domain/fleet';
import type { PolicyHash } from '@estop/schemas/ids';
import { fleetOf } from '../fleet-spec.ts';
import { at, SimLog } from '../log/sim-log.ts';
import { Observer } from '../model/observer.ts';
import type { Scenario } from '../scenario.ts';
import type { Machinery } from './machinery.ts';
import type { Effect, Flight } from './outgoing.ts';
import { SimProcess } from './sim-process.ts';
import type { SimSnapshot } from './sim-snapshot.ts';
import { Writer } from './writer.ts';

/** 00:57 UTC: windows of ten minutes and of an hour turn soon. */
const START_MS = Date.UTC(2026, 0, 15, 0, 57, 0);
const ZOMBIES_MAX = 4;

/** What becomes of records on their way. */
export type Fate = 'appended' | 'unanswered' | 'lost' | 'twice' | 'late';

interface Straggler {
  readonly partition: number;
  readonly flight: Flight;
}

export class World {
  readonly scenario: Scenario;
  readonly log: SimLog;
  readonly observer: Observer;
  readonly processes: SimProcess[];
  readonly writers: (Writer | null)[];
  /** Writers that nobody told that the partition is another's now. */
  readonly zombies: Writer[] = [];
  readonly #machinery: Machinery;
  readonly #fleetByHash: ReadonlyMap<PolicyHash, Fleet>;
  readonly #owners: number[];
  readonly #snapshots = new Map<number, SimSnapshot>();
  readonly #stragglers: Straggler[] = [];
  #names = 0;

  constructor(scenario: Scenario, machinery: Machinery) {
    this.scenario = scenario;
    this.#machinery = machinery;
    this.log = new SimLog(scenario.partitions, START_MS);
    this.#fleetByHash = new Map(scenario.fleets.map((spec) => [spec.hash, fleetOf(spec)]));
    this.log.appendFleet({ type: 'fleet', hash: at(scenario.fleets, 0).hash });
    this.observer = new Observer(this.log, scenario.fleets);
    this.processes = Array.from({ length: scenario.processes }, () => this.#newProcess());
    this.#owners = this.log.audit.map((_, partition) => partition % scenario.processes);
    this.writers = this.log.audit.map(() => null);
  }

  /** The writer of a partition; one that ended is followed by the next. */
  writerOf(partition: number): Writer {
    const known = at(this.writers, partition);
    if (known !== null && (known.end === null || known.end === 'log-truncated')) return known;
    const process = at(this.processes, at(this.#owners, partition));
    // A process has one task for a partition at a time.
    for (const zombie of this.zombies) {
      const { deps } = zombie;
      if (deps.process === process && deps.partition === partition) zombie.end = 'crashed';
    }
    const writer = this.#newWriter(partition, process);
    this.writers[partition] = writer;
    writer.takeOver(this.#snapshots.get(partition));
    return writer;
  }

  /** The next thing that this writer has on its way meets its fate. */
  deliver(writer: Writer, { fate, count }: { readonly fate: Fate; readonly count: number }): void {
    const { outgoing } = writer;
    const { partition } = writer.deps;
    if (writer.end !== null) return;
    if (outgoing.leaving.length > 0) {
      for (const effect of outgoing.leaving.splice(0, count)) this.#send(effect);
      return;
    }
    const { flight } = outgoing;
    if (flight === null) return;
    const isSilent = fate === 'unanswered' || fate === 'lost' || fate === 'late';
    if (isSilent && flight.entries.length > 0) {
      if (fate === 'unanswered') this.#append(partition, flight);
      if (fate === 'late') this.#stragglers.push({ partition, flight });
      writer.end = 'unanswered';
      return;
    }
    const baseOffset = this.#append(partition, flight);
    if (fate === 'twice') this.#append(partition, flight);
    if (baseOffset !== flight.offset) {
      writer.end = 'head-lost';
      return;
    }
    writer.landed();
    this.observer.compareWhenSettled(writer);
  }

  /** Records that were on their way when nobody waited for them any more. */
  straggle(choice: number): void {
    if (this.#stragglers.length === 0) return;
    const [straggler] = this.#stragglers.splice(choice % this.#stragglers.length, 1);
    if (straggler !== undefined) this.#append(straggler.partition, straggler.flight);
  }

  /** Another process gets the partition; the one before may not know for a while. */
  rebalance(partition: number, choice: number): void {
    const writer = at(this.writers, partition);
    if (writer !== null && writer.end === null) this.zombies.push(writer);
    if (this.zombies.length > ZOMBIES_MAX) this.zombies.shift();
    this.writers[partition] = null;
    this.#owners[partition] = choice % this.processes.length;
  }

  /** A process dies with all it has not sent; what was on its way may arrive yet. */
  crash(process: number, choice: number): void {
    const dead = at(this.processes, process);
    for (const [partition, writer] of this.writers.entries()) {
      if (writer?.deps.process !== dead) continue;
      const { flight } = writer.outgoing;
      if (flight !== null && choice % 2 === 0) this.#stragglers.push({ partition, flight });
      writer.end = 'crashed';
      this.writers[partition] = null;
      this.#owners[partition] = (choice + partition) % this.processes.length;
    }
    for (const zombie of this.zombies) if (zombie.deps.process === dead) zombie.end = 'crashed';
    this.processes[process] = this.#newProcess();
  }

  snapshot(partition: number): void {
    const writer = at(this.writers, partition);
    if (writer?.isSettled === true) this.#snapshots.set(partition, writer.snapshot());
  }

  /** The newest records of a partition vanish, though some were acknowledged. */
  truncate(partition: number, count: number): void {
    const entries = at(this.log.audit, partition);
    if (entries.length <= count) return;
    entries.splice(entries.length - count, count);
    const seen = this.processes.map(({ name, provenHeads }) => {
      return [name, provenHeads.get(partition)?.seq ?? -1] as const;
    });
    this.observer.truncated(partition, { seen: new Map(seen), step: this.log.step });
  }

  /** No faults any more. */
  heal(): void {
    this.zombies.length = 0;
    while (this.#stragglers.length > 0) this.straggle(0);
    for (const process of this.processes) process.hear(Number.POSITIVE_INFINITY);
  }

  #newProcess(): SimProcess {
    this.#names += 1;
    return new SimProcess(`p${this.#names}`, this.log, this.#fleetByHash);
  }

  #newWriter(partition: number, process: SimProcess): Writer {
    this.#names += 1;
    const name = `${process.name}/w${this.#names}`;
    const machinery = this.#machinery;
    return new Writer({ log: this.log, machinery, process, partition, name });
  }

  #append(partition: number, { entries }: Flight): number {
    const stored = at(this.log.audit, partition);
    const baseOffset = stored.length;
    stored.push(...entries);
    this.observer.follow(partition);
    return baseOffset;
  }

  #send(effect: Effect): void {
    if (effect.type === 'message') this.log.appendMessage(effect.body);
    else this.observer.heard(effect.decision);
  }
}
