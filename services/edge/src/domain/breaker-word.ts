/** How the breaker of a point's agent is, as the control stream tells it. */
import { isRecord } from './json.ts';

export interface BreakerWord {
  readonly isOpen: boolean;
  /** Since when, by the gateway's clock, ms. */
  readonly sinceMs: number;
}

/** Undefined: it says nothing of a breaker. */
export function readBreakerWord(value: unknown): BreakerWord | undefined {
  if (!isRecord(value) || typeof value['mode'] !== 'string') return undefined;
  const { mode, since } = value;
  return { isOpen: mode === 'open', sinceMs: typeof since === 'number' ? since : 0 };
}
