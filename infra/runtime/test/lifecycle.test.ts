import { describe, expect, it } from 'vitest';
import { runUntilStopped, type Scope } from '../src/lifecycle.ts';
import { createMemoryLogger } from '../src/logger.ts';
import { createStopSignal, type ProcessHost } from '../src/stop-signal.ts';
import { createTestClock } from '../src/test-clock.ts';

/** A process that can be signalled and remembers how it was ended. */
function createHost() {
  const listeners = new Set<() => void>();
  const exits: number[] = [];
  const host: ProcessHost = {
    on: (signal, listener) => void (signal === 'SIGINT' && listeners.add(listener)),
    off: (_, listener) => void listeners.delete(listener),
    exit: (code) => void exits.push(code),
  };
  const interrupt = () => {
    for (const listener of listeners) listener();
  };
  return { host, exits, listeners, interrupt };
}

function createRun(graceMs = 60_000) {
  const process = createHost();
  const { host } = process;
  const { signal, release } = createStopSignal({ host, clock: createTestClock() });
  const { logger, lines } = createMemoryLogger();
  const events: string[] = [];
  const openPart = (scope: Scope, name: string) =>
    scope.open(
      name,
      () => void events.push(`start ${name}`),
      () => void events.push(`stop ${name}`),
    );
  const run = (start: (scope: Scope) => Promise<void>) =>
    runUntilStopped({ logger, stop: signal, host, graceMs }, start).finally(release);
  return { ...process, lines, events, openPart, run };
}

describe('the life of a process', () => {
  it('starts parts in order and stops them in reverse on a signal', async () => {
    const { run, events, openPart, interrupt, host, exits, listeners } = createRun();
    await run(async (scope) => {
      await openPart(scope, 'log');
      await openPart(scope, 'policy');
      setImmediate(interrupt);
    });
    expect(events).toEqual(['start log', 'start policy', 'stop policy', 'stop log']);
    expect(host.exitCode).toBeUndefined();
    expect(exits).toEqual([]);
    expect(listeners.size).toBe(0);
  });

  it('stops what had started when a later part cannot start, and fails', async () => {
    const { run, events, openPart, host, lines } = createRun();
    await run(async (scope) => {
      await openPart(scope, 'log');
      await scope.open(
        'gateway',
        () => Promise.reject(new Error('port in use')),
        () => {},
      );
    });
    expect(events).toEqual(['start log', 'stop log']);
    expect(host.exitCode).toBe(1);
    expect(lines.join()).toContain('port in use');
  });

  it('starts nothing more after a signal, and that is no failure', async () => {
    const { run, events, openPart, interrupt, host } = createRun();
    await run(async (scope) => {
      await openPart(scope, 'log');
      interrupt();
      await openPart(scope, 'policy');
    });
    expect(events).toEqual(['start log', 'stop log']);
    expect(host.exitCode).toBeUndefined();
  });

  it('stops everything when a running part fails', async () => {
    const { run, events, openPart, host } = createRun();
    await run(async (scope) => {
      await openPart(scope, 'log');
      setImmediate(() => scope.fail(new Error('the disk is gone')));
    });
    expect(events).toEqual(['start log', 'stop log']);
    expect(host.exitCode).toBe(1);
  });

  it('stops the other parts when one cannot be stopped, and fails', async () => {
    const { run, events, openPart, interrupt, host } = createRun();
    await run(async (scope) => {
      await openPart(scope, 'log');
      await scope.open(
        'policy',
        () => {},
        () => Promise.reject(new Error('stuck')),
      );
      setImmediate(interrupt);
    });
    expect(events).toEqual(['start log', 'stop log']);
    expect(host.exitCode).toBe(1);
  });

  it('exits with a failure when the stop takes longer than the grace', async () => {
    const { run, interrupt, exits } = createRun(1);
    let release = () => {};
    const stuck = new Promise<void>((resolve) => {
      release = resolve;
    });
    const isRun = run(async (scope) => {
      await scope.open(
        'policy',
        () => {},
        () => stuck,
      );
      interrupt();
    });
    await expect.poll(() => exits).toEqual([1]);
    release();
    await isRun;
  });
});

describe('the stop signal', () => {
  it('takes signals close together for one, and exits at once at a later second one', () => {
    const { host, interrupt, exits } = createHost();
    const clock = createTestClock();
    const { signal } = createStopSignal({ host, clock });
    interrupt();
    clock.advance(499);
    interrupt();
    expect([signal.aborted, exits]).toEqual([true, []]);
    clock.advance(1);
    interrupt();
    expect(exits).toEqual([130]);
  });
});
