/**
 * Metrics of one process, in one registry. Names say the system, the thing and the unit; labels are
 * few-valued: an agent, an intent or a session never labels a series.
 */
import { invariant } from '@estop/schemas/invariant';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram };

export interface MetricOptions<Label extends string> {
  /** `estop_<noun>_<unit>`; a counter ends in `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

export interface Metrics {
  /** For a part that defines its metrics with prom-client itself. */
  readonly registry: Registry;
  /** A counter; the same one again when the name is known. */
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label>;
  gauge<Label extends string = never>(options: MetricOptions<Label>): Gauge<Label>;
  /** Buckets in the unit of the name; seconds by default. */
  histogram<Label extends string = never>(
    options: MetricOptions<Label> & { readonly buckets?: readonly number[] },
  ): Histogram<Label>;
  /** The text that Prometheus scrapes, and its content type. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const NAME = /^estop(_[a-z][a-z0-9]*)+_(total|seconds|bytes|records|ratio|info|count|state)$/;
const UNBOUNDED_LABELS = ['agent', 'intent', 'session', 'id', 'key', 'subject'];
/** From a quarter of a millisecond, an embedded decision, to the longest answer that is waited for. */
const SECONDS_BUCKETS = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2, 10,
];

/** A registry with the process's own metrics (memory, event loop lag, garbage collection). */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  function define<Label extends string, Metric>(
    options: MetricOptions<Label>,
    create: (base: Base<Label>) => Metric,
  ): Metric {
    checkName(options);
    const existing = registry.getSingleMetric(options.name);
    if (existing !== undefined) return existing as Metric;
    const { name, help, labels = [] } = options;
    return create({ name, help, labelNames: [...labels], registers: [registry] });
  }

  return {
    registry,
    counter(options) {
      invariant(options.name.endsWith('_total'), `the counter ${options.name} ends in _total`);
      return define(options, (base) => new Counter(base));
    },
    gauge: (options) => define(options, (base) => new Gauge(base)),
    histogram: ({ buckets = SECONDS_BUCKETS, ...options }) =>
      define(options, (base) => new Histogram({ ...base, buckets: [...buckets] })),
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

interface Base<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: Label[];
  readonly registers: Registry[];
}

function checkName({ name, labels = [] }: MetricOptions<string>): void {
  invariant(NAME.test(name), `the metric ${name} is named estop_<noun>_<unit>`);
  const unbounded = labels.find((label) => UNBOUNDED_LABELS.includes(label));
  invariant(unbounded === undefined, `the metric ${name} has no bound on its label ${unbounded}`);
}
