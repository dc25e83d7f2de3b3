/** When somebody noticed a fault, as seen from outside. */
import { setTimeout as delay } from 'node:timers/promises';
import { createDecoder } from './checker/decoding.ts';
import type { RawRecord } from './checker/history.ts';
import { auditLeaders } from './faults/brokers.ts';

const POLL_MS = 200;

/** Resolves with the time when a partition of the audit has another leader; null: none did. */
export async function leaderMoved(
  bootstrap: string,
  before: readonly number[],
  signal: AbortSignal,
): Promise<number | null> {
  while (!signal.aborted) {
    const now = await auditLeaders(bootstrap).catch(() => before);
    if (now.join() !== before.join()) return Date.now();
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

/** When each partition was taken over, by the stamps of the log. */
export function takeoverTimes(audit: readonly RawRecord[]): readonly number[] {
  const decode = createDecoder('audit.v1');
  return audit
    .filter(({ value }) => decode(value)?.events[0]?.type === 'WriterStarted')
    .map(({ timestampMs }) => timestampMs)
    .sort((one, other) => one - other);
}
