/**
 * What a process says of itself: live, it should not be restarted; ready, it can serve. Probes ask
 * the real thing each time, within a time limit, so that the answer is never older than the question.
 */
import { messageOf } from '@estop/schemas/errors';

export interface Probe {
  readonly name: string;
  /** Throws or rejects with the reason when the thing does not work. */
  readonly check: () => Promise<void> | void;
  /** A failure says that only a restart helps, not just that others are to wait. */
  readonly isVital?: boolean;
}

export interface ProbeResult {
  readonly name: string;
  readonly ok: boolean;
  /** Why not; null when ok. */
  readonly reason: string | null;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly probes: readonly ProbeResult[];
}

export interface Health {
  add(probe: Probe): void;
  /** Vital probes only. */
  live(): Promise<HealthReport>;
  /** All probes; not ok once the process is stopping. */
  ready(): Promise<HealthReport>;
  /** From now on not ready, so that callers go elsewhere while the process drains. */
  beginStopping(): void;
}

export const PROBE_TIMEOUT_MS = 1_000;

export function createHealth(options: { readonly timeoutMs?: number } = {}): Health {
  const { timeoutMs = PROBE_TIMEOUT_MS } = options;
  const probes: Probe[] = [];
  let isStopping = false;

  async function report(wanted: readonly Probe[]): Promise<HealthReport> {
    const results = await Promise.all(wanted.map((probe) => run(probe, timeoutMs)));
    return { ok: results.every((result) => result.ok), probes: results };
  }

  return {
    add: (probe) => void probes.push(probe),
    live: () => report(probes.filter((probe) => probe.isVital === true)),
    ready: () => report(isStopping ? [...probes, STOPPING] : probes),
    beginStopping() {
      isStopping = true;
    },
  };
}

const STOPPING: Probe = {
  name: 'lifecycle',
  check() {
    throw new Error('the process is stopping');
  },
};

async function run({ name, check }: Probe, timeoutMs: number): Promise<ProbeResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([Promise.resolve().then(check), late]);
    return { name, ok: true, reason: null };
  } catch (error) {
    return { name, ok: false, reason: messageOf(error) };
  } finally {
    clearTimeout(timer);
  }
}
