/** What detectors share: where findings go, and how often one of a kind is told. */
import type { Tier } from '@estop/schemas/messages';
import type { BreakerConfig } from '../config/breaker-config.ts';
import type { Finding, Signal } from '../finding.ts';
import { type AgentState, F64, RATIOS, read, SERIES, TOLD } from '../state/layout.ts';

export interface Context {
  readonly state: AgentState;
  readonly config: BreakerConfig;
  readonly at: number;
  /** Detectors add to it. */
  readonly findings: Finding[];
}

export const TIERS: readonly Tier[] = ['read', 'write', 'destructive', 'financial'];
/** Independent ones: an agent's tiers and spend rise and fall with its calls. */
const TESTS = 2;
const MINUTES_A_MONTH = 43_200;

/** Kinds of telling after the series and the ratios. */
export const TOLD_GROWTH = SERIES + RATIOS;
export const TOLD_AMOUNT = TOLD_GROWTH + 1;
export const TOLD_SILENCE = TOLD_GROWTH + 2;
export const TOLD_DRIFT = TOLD_GROWTH + 3;
export const TOLD_THRESHOLD = TOLD_GROWTH + 6;

/** How unlikely a window must be: all tests of a month together may be wrong so often. */
export function tailOfWindow({ sensitivity }: BreakerConfig): number {
  return sensitivity / (MINUTES_A_MONTH * TESTS);
}

/** Whether this kind was not told in the last `minutes`; then it is told now. */
export function mayTell(state: AgentState, kind: number, minutes: number): boolean {
  // One is added, so that minute 0 and "never" are two things.
  const minute = read(state.f64, F64.minute) + 1;
  const told = read(state.u32, TOLD + kind);
  if (told !== 0 && minute - told < minutes) return false;
  state.u32[TOLD + kind] = minute;
  return true;
}

export function isOn({ config }: Context, signal: Signal): boolean {
  return config.signals[signal];
}
