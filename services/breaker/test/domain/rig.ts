/** An agent to watch: its calls are made minute by minute, the same ones each time. */
import type * as ConfigModule from '../../src/domain/config/breaker-config.ts';
import type { Finding } from '../../src/domain/finding.ts';
import type * as ObserveModule from '../../src/domain/observe.ts';
import type { Sample, SampleOutcome } from '../../src/domain/sample.ts';
import type * as LayoutModule from '../../src/domain/state/layout.ts';

/** The detectors, as they are or with a fault planted in them. */
export interface Detectors {
  readonly observe: typeof ObserveModule.observe;
  readonly tick: typeof ObserveModule.tick;
  readonly setFrozen: typeof ObserveModule.setFrozen;
  readonly emptyState: typeof LayoutModule.emptyState;
  readonly encodeState: typeof LayoutModule.encodeState;
  readonly decodeState: typeof LayoutModule.decodeState;
  readonly defaults: ConfigModule.BreakerConfig;
}

/** Midnight of some day. */
export const START_MS = 1_700_006_400_000;
export const MINUTE_MS = 60_000;
export const DAY = 1_440;

export const OK: SampleOutcome = {
  status: 'ok',
  microUsd: 0,
  tokens: 0,
  durationMs: null,
  resultDigest: null,
};

export function sampleOf(at: number, changes: Partial<Sample> = {}): Sample {
  return {
    at,
    ref: at,
    session: 's1',
    tool: 'search',
    tier: 'read',
    decision: 'allow',
    outcome: { ...OK, resultDigest: `sha256:${at}` },
    argumentsDigest: `sha256:${at}`,
    targets: [],
    pollIntervalMs: null,
    ...changes,
  };
}

export interface Watch {
  readonly findings: Finding[];
  state: LayoutModule.AgentState;
  /** Makes calls within a minute (numbered from the start) and lets it end. */
  minute(minute: number, calls: number, changes?: Partial<Sample>): void;
  see(sample: Sample): readonly Finding[];
  tick(at: number): readonly Finding[];
}

export function watch(
  detectors: Detectors,
  settings: Partial<ConfigModule.BreakerConfig> = {},
): Watch {
  const config = { ...detectors.defaults, ...settings };
  const keep = (found: readonly Finding[]) => {
    one.findings.push(...found);
    return found;
  };
  const one: Watch = {
    findings: [],
    state: detectors.emptyState(config.prior),
    minute(minute, calls, changes = {}) {
      const startMs = START_MS + minute * MINUTE_MS;
      for (let n = 0; n < calls; n += 1) {
        one.see(sampleOf(startMs + Math.floor((n * MINUTE_MS) / calls), changes));
      }
      one.tick(startMs + MINUTE_MS);
    },
    see: (sample) => keep(detectors.observe(one.state, sample, config)),
    tick: (at) => keep(detectors.tick(one.state, at, config)),
  };
  return one;
}

/** Whole numbers below a limit, the same sequence every time. */
export function sequence(seed = 1): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

/** A quiet agent: two to six calls a minute. */
export function quietly(one: Watch, from: number, minutes: number): void {
  const below = sequence(from + 1);
  for (let minute = from; minute < from + minutes; minute += 1) one.minute(minute, 2 + below(5));
}
