/** The numbers behind a breaker, as people see them. */
import { COLD_LIMIT, expectedOf, isCold, seasonOf } from '../baseline.ts';
import type { BreakerConfig } from '../config/breaker-config.ts';
import { tailOfWindow } from '../detectors/context.ts';
import { countLimit } from '../numbers/negative-binomial.ts';
import { type AgentState, CALLS, F64, HOUR_CALLS, HOURS, MINUTES, read } from '../state/layout.ts';
import {
  type Counts,
  callsInLastMinute,
  countsOfMinute,
  HOUR_MS,
  lastHour,
  MINUTE_MS,
} from '../windows.ts';

export interface MinuteCounts extends Counts {
  /** When the minute began, ms. */
  readonly at: number;
}

export interface Statistics {
  /** Time of the newest call or tick, ms; 0 before any. */
  readonly asOf: number;
  readonly firstSeen: number;
  /** Calls that came for a window that was closed. */
  readonly late: number;
  /** Allowed calls without an outcome so far. */
  readonly waiting: number;
  readonly lastMinuteCalls: number;
  readonly lastHour: Counts;
  /** Calls that a minute like the open one holds, and how many are still ordinary. */
  readonly expected: { readonly mean: number; readonly high: number };
  /** Oldest first; the open one last. */
  readonly minutes: readonly MinuteCounts[];
  readonly hours: readonly { readonly at: number; readonly calls: number }[];
}

export function statisticsOf(state: AgentState, config: BreakerConfig): Statistics {
  const { f64 } = state;
  const expected = expectedOf(state, CALLS, seasonOf(state, read(f64, F64.minute)));
  const limit = countLimit(expected, tailOfWindow(config));
  return {
    asOf: read(f64, F64.lastAt),
    firstSeen: read(f64, F64.firstAt),
    late: read(f64, F64.late),
    waiting: read(f64, F64.waiting),
    lastMinuteCalls: callsInLastMinute(state),
    lastHour: lastHour(state),
    expected: { mean: expected.mean, high: isCold(state) ? Math.max(limit, COLD_LIMIT) : limit },
    minutes: minutesOf(state),
    hours: hoursOf(state),
  };
}

function minutesOf(state: AgentState): readonly MinuteCounts[] {
  const { f64 } = state;
  const open = read(f64, F64.minute);
  const oldest = Math.max(open - MINUTES + 1, Math.floor(read(f64, F64.firstAt) / MINUTE_MS));
  const minutes: MinuteCounts[] = [];
  for (let minute = oldest; minute <= open && open > 0; minute += 1) {
    minutes.push({ at: minute * MINUTE_MS, ...countsOfMinute(state, minute) });
  }
  return minutes;
}

function hoursOf({ f64, u16 }: AgentState): Statistics['hours'] {
  const open = read(f64, F64.hour);
  const oldest = Math.max(open - HOURS + 1, Math.floor(read(f64, F64.firstAt) / HOUR_MS));
  const hours: { at: number; calls: number }[] = [];
  for (let hour = oldest; hour <= open && open > 0; hour += 1) {
    hours.push({ at: hour * HOUR_MS, calls: read(u16, HOUR_CALLS + (hour % HOURS)) });
  }
  return hours;
}
