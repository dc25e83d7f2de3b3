import { agentSubject } from '@estop/schemas/ids';
import type { AuditRecordEvent, Command } from '@estop/schemas/messages';
import { describe, expect, it } from 'vitest';
import { FleetRules } from '../../src/domain/config/fleet-rules.ts';
import { parseBreakers } from '../../src/domain/config/parse-breakers.ts';
import { OfflineWatch } from '../../src/domain/watch/offline-watch.ts';
import { AGENT, allowed, outcome, proposed } from './audit-events.ts';
import { MINUTE_MS, START_MS } from './rig.ts';

class History {
  readonly #watch: OfflineWatch;
  #offset = 0;

  constructor(breakers: unknown = {}, isKnown = true) {
    const parsed = parseBreakers(breakers);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    this.#watch = new OfflineWatch(new FleetRules(parsed.file, new Map()), () => isKnown);
  }

  /** A record so long after the start. */
  record(afterMs: number, ...events: readonly AuditRecordEvent[]): readonly Command[] {
    const record = { at: START_MS + afterMs, subject: agentSubject(AGENT), events };
    this.#offset += 1;
    return this.#watch.take(record, this.#offset - 1);
  }

  /** Time alone: a record about nobody. */
  pass(afterMs: number): readonly Command[] {
    this.#offset += 1;
    return this.#watch.take(
      { at: START_MS + afterMs, subject: null, events: [] },
      this.#offset - 1,
    );
  }

  /** An agent that reports what came of its calls, but of the last. */
  begin(): void {
    for (let n = 0; n < 5; n += 1) {
      this.record(0, proposed(`o${n}`), allowed(`o${n}`), outcome(`o${n}`));
    }
    this.record(0, proposed('waits'), allowed('waits'));
  }

  /** The same call with the same result. */
  repeat(n: number, afterMs = n): readonly Command[] {
    const id = `i${n}`;
    const digest = 'sha256:same';
    return this.record(afterMs, proposed(id, { digest }), allowed(id), outcome(id));
  }
}

describe('watching without a log', () => {
  it('orders a trip with the record that completes a loop, as the service would', () => {
    const history = new History();
    const orders = [0, 1, 2, 3].map((n) => history.repeat(n));
    expect(orders.slice(0, 3)).toEqual([[], [], []]);
    expect(orders[3]).toMatchObject([
      {
        commandId: `trip-${START_MS + 3}-same-result-loop-read-${AGENT}`,
        subject: AGENT,
        by: 'service:breaker',
        body: { type: 'TripBreaker', mode: 'open', signal: 'loop' },
      },
    ]);
  });

  it('orders nothing in shadow, nor of an agent that the fleet does not know', () => {
    for (const history of [new History({ defaults: { shadow: true } }), new History({}, false)]) {
      expect([0, 1, 2, 3].flatMap((n) => history.repeat(n))).toEqual([]);
    }
  });

  it('lets time show who fell silent, minute by minute, by the records of others', () => {
    const history = new History();
    history.begin();
    const orders = [9, 10, 11, 12].map((minutes) => history.pass(minutes * MINUTE_MS));
    expect(orders.map((some) => some.length)).toEqual([0, 0, 1, 0]);
    expect(orders[2]).toMatchObject([{ body: { mode: 'step-up', signal: 'silence' } }]);
  });

  it('gives no order whose time is over by then', () => {
    const history = new History();
    history.begin();
    expect(history.pass(40 * MINUTE_MS)).toEqual([]);
  });

  it('gives what time shows and what the record shows as two orders', () => {
    const history = new History();
    history.begin();
    for (const n of [0, 1, 2]) history.repeat(n);
    const orders = history.repeat(3, 11 * MINUTE_MS);
    expect(orders.map(({ body }) => body)).toMatchObject([
      { mode: 'step-up', signal: 'silence' },
      { mode: 'open', signal: 'loop' },
    ]);
    expect(new Set(orders.map(({ commandId }) => commandId)).size).toBe(2);
  });
});
