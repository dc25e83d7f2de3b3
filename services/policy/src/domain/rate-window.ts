/**
 * Sliding windows of allowed calls: 61 sub-windows of a sixtieth each, the oldest counted whole. So
 * the limit holds in every window of that length, at the price of freeing a call up to a sixtieth
 * of the window late.
 */
const SUB_WINDOWS = 60;

/** Calls per sub-window, oldest first; sub-windows without calls are left out. */
export interface RateWindow {
  readonly windowMs: number;
  readonly buckets: RateBucket[];
}

export interface RateBucket {
  readonly index: number;
  calls: number;
}

export function emptyRateWindow(windowMs: number): RateWindow {
  return { windowMs, buckets: [] };
}

/** Adds calls of another partition, whose report may be late. */
export function addCalls(
  window: RateWindow,
  report: { readonly bucket: number; readonly calls: number },
  atMs: number,
): void {
  const { buckets } = window;
  const oldest = bucketOf(window.windowMs, atMs) - SUB_WINDOWS;
  if (report.bucket >= oldest) {
    let at = buckets.length;
    while (at > 0 && (buckets[at - 1]?.index ?? 0) > report.bucket) at -= 1;
    const same = buckets[at - 1];
    if (same?.index === report.bucket) same.calls += report.calls;
    else buckets.splice(at, 0, { index: report.bucket, calls: report.calls });
  }
  while ((buckets[0]?.index ?? oldest) < oldest) buckets.shift();
}

/** Calls that count at this time. */
export function usedOf(window: RateWindow, atMs: number): number {
  const oldest = bucketOf(window.windowMs, atMs) - SUB_WINDOWS;
  let used = 0;
  for (const bucket of window.buckets) {
    if (bucket.index >= oldest) used += bucket.calls;
  }
  return used;
}

/** How long until at least one call more is free, ms; 0 when none counts. */
export function freesAfterMs(window: RateWindow, atMs: number): number {
  const widthMs = bucketWidthMs(window.windowMs);
  const oldest = bucketOf(window.windowMs, atMs) - SUB_WINDOWS;
  const first = window.buckets.find((bucket) => bucket.index >= oldest);
  return first === undefined ? 0 : (first.index + SUB_WINDOWS + 1) * widthMs - atMs;
}

/** Counts one call. */
export function countCall(window: RateWindow, atMs: number): void {
  const index = bucketOf(window.windowMs, atMs);
  const { buckets } = window;
  const last = buckets.at(-1);
  if (last !== undefined && last.index === index) last.calls += 1;
  else buckets.push({ index, calls: 1 });
  while ((buckets[0]?.index ?? index) < index - SUB_WINDOWS) buckets.shift();
}

/** Whether no call of it counts at this time or later. */
export function isOver({ windowMs, buckets }: RateWindow, atMs: number): boolean {
  const newest = buckets.at(-1);
  return newest === undefined || newest.index < bucketOf(windowMs, atMs) - SUB_WINDOWS;
}

/** Number of the sub-window that holds a time. */
export function bucketOf(windowMs: number, atMs: number): number {
  return Math.floor(atMs / bucketWidthMs(windowMs));
}

/**
 * Number of the sub-window, in windows of another length, that holds the end of one: what it counts
 * is counted late, never early.
 */
export function bucketIn(windowMs: number, bucket: number, ofWindowMs: number): number {
  if (windowMs === ofWindowMs) return bucket;
  return bucketOf(windowMs, (bucket + 1) * bucketWidthMs(ofWindowMs) - 1);
}

function bucketWidthMs(windowMs: number): number {
  return Math.max(1, Math.ceil(windowMs / SUB_WINDOWS));
}
