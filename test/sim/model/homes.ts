/**
 * Shared limits at their homes: every ask counted once and answered once, and never more out than
 * the ceiling (I3). The tables of asks and grants are those of all partitions' logs together.
 */
import type { AuditRecordEvent, SliceAnswer, SliceAsk } from '@estop/schemas/messages';
import type { FleetSpec } from '../fleet-spec.ts';
import { must } from '../violation.ts';

interface Window {
  readonly outByPartition: Map<number, number>;
  out: number;
}

interface Home {
  ceiling: number | null;
  readonly windows: Map<number, Window>;
  readonly sequences: Map<number, number>;
  /** Calls of a rate that were reported, by second. */
  readonly reported: Map<number, number>;
}

export class Homes {
  /** What partitions have asked, by limit, partition and sequence. */
  readonly asks = new Map<string, SliceAsk>();
  readonly grants = new Map<string, SliceAnswer>();
  readonly #homes = new Map<string, Home>();

  ceilingOf(budget: string): number | null {
    return this.#homes.get(`budget:${budget}`)?.ceiling ?? null;
  }

  setCeiling(budget: string, ceiling: number): void {
    this.#home(`budget:${budget}`).ceiling = ceiling;
  }

  apply(
    event: AuditRecordEvent,
    about: { readonly fleet: FleetSpec | null; readonly atMs: number },
  ) {
    if (event.type === 'SliceAsked') this.#asked(event.ask);
    if (event.type === 'SliceGranted') this.#granted(event.answer, about);
  }

  /** What is out to a partition in a window. */
  outOf(limit: string, start: number, partition: number): number {
    return this.#homes.get(limit)?.windows.get(start)?.outByPartition.get(partition) ?? 0;
  }

  #asked(ask: SliceAsk): void {
    const key = `${ask.kind}:${ask.limitId}`;
    const home = this.#home(key);
    const { partition, sequence } = ask;
    const said = this.asks.get(`${key}/${partition}/${sequence}`);
    must(said !== undefined && JSON.stringify(said) === JSON.stringify(ask), 'slices', () => {
      return `${key}: ask ${sequence} of partition ${partition} is not what it asked`;
    });
    must(sequence === (home.sequences.get(partition) ?? 0) + 1, 'slices', () => {
      return `${key}: ask ${sequence} of partition ${partition} counted again or too early`;
    });
    home.sequences.set(partition, sequence);
    let calls = 0;
    for (const use of ask.uses) {
      calls += use.calls;
      // The last second of a sixtieth.
      const second = Math.floor(((use.bucket + 1) * (ask.windowMs / 60) - 1) / 1_000);
      home.reported.set(second, (home.reported.get(second) ?? 0) + use.calls);
    }
    this.#move(home, { start: ask.windowStart, partition, amount: -ask.returned - calls });
  }

  #granted(
    answer: SliceAnswer,
    { fleet, atMs }: { readonly fleet: FleetSpec | null; readonly atMs: number },
  ): void {
    const { kind, limitId, partition, sequence, windowStart: start, amount } = answer;
    const key = `${kind}:${limitId}`;
    const home = this.#home(key);
    const id = `${key}/${partition}/${sequence}`;
    must(!this.grants.has(id), 'I3', () => `${id} is granted twice`);
    must(sequence <= (home.sequences.get(partition) ?? 0), 'slices', () => `${id} was not asked`);
    this.grants.set(id, answer);
    this.#move(home, { start, partition, amount });
    if (amount === 0) return;
    const ceiling = kind === 'rate' ? rateIn(fleet, limitId) : this.#budgetIn(fleet, limitId);
    const used = kind === 'rate' ? callsThatCount(home, atMs) : 0;
    const out = home.windows.get(start)?.out ?? 0;
    must(out + used <= ceiling, 'I3', () => {
      return `${key}: ${out} out and ${used} used of a ceiling of ${ceiling}`;
    });
  }

  #budgetIn(fleet: FleetSpec | null, budget: string): number {
    const spec = fleet?.budgets.find(({ id }) => id === budget);
    return this.ceilingOf(budget) ?? spec?.ceiling ?? 0;
  }

  #move(
    home: Home,
    { start, partition, amount }: { start: number; partition: number; amount: number },
  ): void {
    let window = home.windows.get(start);
    if (window === undefined) {
      window = { outByPartition: new Map(), out: 0 };
      home.windows.set(start, window);
    }
    const before = window.outByPartition.get(partition) ?? 0;
    // What comes back late from a window that is forgotten was never out of this one.
    const after = Math.max(0, before + amount);
    window.outByPartition.set(partition, after);
    window.out += after - before;
  }

  #home(key: string): Home {
    let home = this.#homes.get(key);
    if (home === undefined) {
      home = { ceiling: null, windows: new Map(), sequences: new Map(), reported: new Map() };
      this.#homes.set(key, home);
    }
    return home;
  }
}

function rateIn(fleet: FleetSpec | null, rate: string): number {
  return fleet?.rates.find(({ id }) => id === rate)?.limit ?? 0;
}

/** Shared rates of the simulation have windows of a minute at least. */
function callsThatCount({ reported }: Home, atMs: number): number {
  const now = Math.floor(atMs / 1_000);
  let calls = 0;
  for (const [second, count] of reported) if (second >= now - 60) calls += count;
  return calls;
}
