/** Which faults come when: the same seed gives the same plan, and every kind comes in its share. */
import { freezeLeader, killLeader, loseMajority } from './faults/brokers.ts';
import type { FaultKind } from './faults/fault.ts';
import { poison } from './faults/poison.ts';
import {
  freezeGateway,
  freezePolicy,
  jumpClock,
  killGateway,
  killPolicy,
  rebalance,
} from './faults/processes.ts';
import { cutOneWay, cutWire, isolate, slowWire } from './faults/wires.ts';
import { Random } from './random.ts';

export const KINDS: readonly FaultKind[] = [
  killPolicy,
  killGateway,
  freezePolicy,
  freezeGateway,
  killLeader,
  freezeLeader,
  loseMajority,
  cutWire,
  cutOneWay,
  isolate,
  slowWire,
  rebalance,
  poison,
  jumpClock,
];

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly holdMs: number;
  /** Whom it hits is drawn from this when the time has come. */
  readonly seed: number;
}

/** Faults that lie over each other; the next step waits until everybody is served again. */
export type Step = readonly PlannedFault[];

/** How often a light fault comes on top of another instead of alone. */
const OVERLAP = 0.6;

export interface PlanOptions {
  readonly faults: number;
  readonly seed: number;
  /** Only kinds whose name contains one of these, with commas between. */
  readonly only?: string | undefined;
}

export function planFaults({ faults, seed, only = '' }: PlanOptions): readonly Step[] {
  const random = new Random(seed);
  const wanted = only.split(',');
  const kinds = KINDS.filter(({ name }) => wanted.some((part) => name.includes(part)));
  if (kinds.length === 0) throw new RangeError(`no kind of fault is called ${only}`);
  const steps: PlannedFault[][] = [];
  for (const kind of deal(kinds, faults, random)) {
    const { min, max } = kind.holdMs;
    const planned = { kind, holdMs: random.whole(min, max), seed: random.whole(0, 2 ** 31) };
    const last = steps.at(-1);
    const joins = kind.isLight && last?.length === 1 && random.next() < OVERLAP;
    if (joins) last.push(planned);
    else steps.push([planned]);
  }
  return steps;
}

/** Decks with each kind in its share, shuffled one after the other. */
function deal(kinds: readonly FaultKind[], count: number, random: Random): readonly FaultKind[] {
  const deck = kinds.flatMap((kind) => Array.from({ length: kind.share }, () => kind));
  const dealt: FaultKind[] = [];
  while (dealt.length < count) dealt.push(...random.shuffled(deck));
  return dealt.slice(0, count);
}
