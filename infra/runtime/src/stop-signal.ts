/** SIGINT and SIGTERM as one AbortSignal: the first asks for an orderly stop, a second ends it. */
import { type Clock, systemClock } from './clock.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** Ctrl-C under npm comes twice, from the terminal and from npm: so close together they are one. */
const SAME_SIGNAL_MS = 500;
const EXIT_INTERRUPTED = 130;

/** The process, as far as its end goes; tests give their own. */
export interface ProcessHost {
  on(signal: (typeof STOP_SIGNALS)[number], listener: () => void): void;
  off(signal: (typeof STOP_SIGNALS)[number], listener: () => void): void;
  exit(code: number): void;
  exitCode?: number | string | null | undefined;
}

export interface StopSignal {
  readonly signal: AbortSignal;
  /** Gives the signals back to whoever had them. */
  release(): void;
}

export function createStopSignal(
  options: { readonly host?: ProcessHost; readonly clock?: Clock } = {},
): StopSignal {
  const { host = process, clock = systemClock } = options;
  const stop = new AbortController();
  let firstAtMs = Number.NaN;

  function onSignal(): void {
    const nowMs = clock.monotonicMs();
    if (stop.signal.aborted) {
      if (nowMs - firstAtMs >= SAME_SIGNAL_MS) host.exit(EXIT_INTERRUPTED);
      return;
    }
    firstAtMs = nowMs;
    stop.abort();
  }

  for (const signal of STOP_SIGNALS) host.on(signal, onSignal);
  return {
    signal: stop.signal,
    release() {
      for (const signal of STOP_SIGNALS) host.off(signal, onSignal);
    },
  };
}
