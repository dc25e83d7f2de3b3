/**
 * What an agent did in the last minute, hour and day: the facts that rules see as
 * `context.recent`. Sub-windows of a second, a minute and an hour; only those in use are kept.
 */
import type { RecentFacts, WindowFacts } from './fleet.ts';
import { TARGETS_MAX } from './limits.ts';

type Span = 'minute' | 'hour' | 'day';
const SPANS = {
  minute: { widthMs: 1_000, buckets: 60 },
  hour: { widthMs: 60_000, buckets: 60 },
  day: { widthMs: 3_600_000, buckets: 24 },
} as const satisfies Record<Span, { readonly widthMs: number; readonly buckets: number }>;

export interface ActivityBucket {
  readonly index: number;
  calls: number;
  denied: number;
  errors: number;
  microUsd: number;
}

export interface Activity {
  readonly minute: ActivityBucket[];
  readonly hour: ActivityBucket[];
  readonly day: ActivityBucket[];
  /** Target to the time of the last call aimed at it, oldest first. */
  readonly targetAtMs: Map<string, number>;
}

export interface ActivityCounts {
  readonly calls?: number;
  readonly denied?: number;
  readonly errors?: number;
  readonly microUsd?: number;
}

export function emptyActivity(): Activity {
  return { minute: [], hour: [], day: [], targetAtMs: new Map() };
}

/** Adds to the sub-windows that hold this time. */
export function countActivity(activity: Activity, atMs: number, counts: ActivityCounts): void {
  add(bucketAt(activity.minute, SPANS.minute, atMs), counts);
  add(bucketAt(activity.hour, SPANS.hour, atMs), counts);
  add(bucketAt(activity.day, SPANS.day, atMs), counts);
}

export function noteTargets(activity: Activity, atMs: number, targets: readonly string[]): void {
  for (const target of targets) {
    activity.targetAtMs.delete(target);
    activity.targetAtMs.set(target, atMs);
  }
  for (const oldest of activity.targetAtMs.keys()) {
    if (activity.targetAtMs.size <= TARGETS_MAX) break;
    activity.targetAtMs.delete(oldest);
  }
}

/** Drops what no window holds at this time or later. */
export function forgetActivity(activity: Activity, atMs: number): void {
  for (const name of ['minute', 'hour', 'day'] as const) {
    const span = SPANS[name];
    const oldest = Math.floor(atMs / span.widthMs) - span.buckets;
    const kept = activity[name].findIndex(({ index }) => index >= oldest);
    activity[name].splice(0, kept < 0 ? activity[name].length : kept);
  }
  const sinceMs = atMs - SPANS.day.widthMs * SPANS.day.buckets;
  for (const [target, targetAtMs] of activity.targetAtMs) {
    if (targetAtMs >= sinceMs) break;
    activity.targetAtMs.delete(target);
  }
}

/** The facts at a time; each window is summed when a rule asks for it. */
export function recentFacts(activity: Activity, atMs: number): RecentFacts {
  return new FactsOnDemand(activity, atMs);
}

/** A class, because an object with getters of its own is costly to make for each request. */
class FactsOnDemand implements RecentFacts {
  readonly #activity: Activity;
  readonly #atMs: number;

  constructor(activity: Activity, atMs: number) {
    this.#activity = activity;
    this.#atMs = atMs;
  }

  get minute(): WindowFacts {
    return sumOf(this.#activity, 'minute', this.#atMs);
  }

  get hour(): WindowFacts {
    return sumOf(this.#activity, 'hour', this.#atMs);
  }

  get day(): WindowFacts {
    return sumOf(this.#activity, 'day', this.#atMs);
  }
}

/** The bucket of a time, made when it is the first of its kind; those out of the span go. */
function bucketAt(
  buckets: ActivityBucket[],
  span: (typeof SPANS)[Span],
  atMs: number,
): ActivityBucket {
  const index = Math.floor(atMs / span.widthMs);
  const last = buckets.at(-1);
  if (last !== undefined && last.index === index) return last;
  const bucket = { index, calls: 0, denied: 0, errors: 0, microUsd: 0 };
  buckets.push(bucket);
  while ((buckets[0]?.index ?? index) < index - span.buckets) buckets.shift();
  return bucket;
}

function add(bucket: ActivityBucket, counts: ActivityCounts): void {
  bucket.calls += counts.calls ?? 0;
  bucket.denied += counts.denied ?? 0;
  bucket.errors += counts.errors ?? 0;
  bucket.microUsd += counts.microUsd ?? 0;
}

function sumOf(activity: Activity, name: Span, atMs: number): WindowFacts {
  const span = SPANS[name];
  const oldest = Math.floor(atMs / span.widthMs) - span.buckets;
  const sum = { calls: 0, denied: 0, errors: 0, microUsd: 0, targets: 0 };
  for (const bucket of activity[name]) {
    if (bucket.index < oldest) continue;
    sum.calls += bucket.calls;
    sum.denied += bucket.denied;
    sum.errors += bucket.errors;
    sum.microUsd += bucket.microUsd;
  }
  const sinceMs = atMs - span.widthMs * span.buckets;
  for (const targetAtMs of activity.targetAtMs.values()) {
    if (targetAtMs >= sinceMs) sum.targets += 1;
  }
  return sum;
}
