import { describe, expect, it } from 'vitest';
import { createMetrics } from '../src/metrics.ts';

describe('metrics', () => {
  it('exposes what was counted, beside the process and its event loop', async () => {
    const metrics = createMetrics();
    const decisions = metrics.counter({
      name: 'estop_decisions_total',
      help: 'Decisions.',
      labels: ['decision'],
    });
    decisions.inc({ decision: 'allow' }, 2);
    const { contentType, text } = await metrics.expose();
    expect(contentType).toContain('text/plain');
    expect(text).toContain('estop_decisions_total{decision="allow"} 2');
    expect(text).toContain('nodejs_eventloop_lag_seconds');
  });

  it('gives the same metric to everyone who names it', () => {
    const metrics = createMetrics();
    const options = { name: 'estop_decision_seconds', help: 'Time to decide.' };
    expect(metrics.histogram(options)).toBe(metrics.histogram(options));
  });

  it.each(['decisions_total', 'estop_decisions', 'estop_decisionTime_seconds'])(
    'refuses the name %s',
    (name) => {
      expect(() => createMetrics().gauge({ name, help: 'x' })).toThrow(name);
    },
  );

  it('refuses a counter that does not end in _total', () => {
    expect(() => createMetrics().counter({ name: 'estop_seen_bytes', help: 'x' })).toThrow(
      '_total',
    );
  });

  it('refuses a label without a bound', () => {
    const options = { name: 'estop_decisions_total', help: 'x', labels: ['agent'] };
    expect(() => createMetrics().counter(options)).toThrow('no bound on its label agent');
  });
});
