/** What the gateway counts. Series are few: no agent, intent or session is a label. */
import type { Counter, Histogram, Metrics } from '@estop/runtime/metrics';
import type { Decision } from '@estop/schemas/messages';
import type { Proposer } from './intents/proposer.ts';
import type { StreamHub } from './stream/stream-hub.ts';

export interface GatewayMetrics {
  readonly authFailures: Counter;
  readonly streamsDropped: Counter;
  request(route: string, status: number): void;
  decided(decision: Decision, seconds: number): void;
  undecided(code: string): void;
  /** Reads the gauges; called before the metrics are exposed. */
  sample(): void;
}

interface Ticker {
  inc(): void;
}

export function createGatewayMetrics(
  metrics: Metrics,
  parts: { readonly hub: StreamHub; readonly proposer: Proposer },
): GatewayMetrics {
  const requests = metrics.counter<'route' | 'status'>({
    name: 'estop_gateway_requests_total',
    help: 'Answered HTTP requests',
    labels: ['route', 'status'],
  });
  const intents = metrics.counter<'decision' | 'reason'>({
    name: 'estop_gateway_intents_total',
    help: 'Answers to intents; `none` and a code where there was no decision',
    labels: ['decision', 'reason'],
  });
  const decideSeconds: Histogram = metrics.histogram({
    name: 'estop_gateway_decision_seconds',
    help: 'From an intent read to its decision sent, people not waited for',
  });
  const pending = metrics.gauge({
    name: 'estop_gateway_pending_intents_count',
    help: 'Intents written and not decided',
  });
  const longPolls = metrics.gauge({
    name: 'estop_gateway_long_polls_count',
    help: 'Requests that wait for a person',
  });
  const streams = metrics.gauge({
    name: 'estop_gateway_streams_count',
    help: 'Open event streams',
  });
  // Looking a child up by its labels costs more than counting.
  const childByKey = new Map<string, Ticker>();

  function child(key: string, create: () => Ticker): Ticker {
    const known = childByKey.get(key);
    if (known !== undefined) return known;
    const made = create();
    childByKey.set(key, made);
    return made;
  }

  return {
    authFailures: metrics.counter({
      name: 'estop_gateway_auth_failures_total',
      help: 'Requests without a valid credential',
    }),
    streamsDropped: metrics.counter({
      name: 'estop_gateway_streams_dropped_total',
      help: 'Readers of the event stream that were too slow',
    }),
    request(route, status) {
      const labels = { route, status: String(status) };
      child(`${route} ${status}`, () => requests.labels(labels)).inc();
    },
    decided({ decision, reason }, seconds) {
      child(reason, () => intents.labels({ decision, reason })).inc();
      decideSeconds.observe(seconds);
    },
    undecided(code) {
      child(`none ${code}`, () => intents.labels({ decision: 'none', reason: code })).inc();
    },
    sample() {
      pending.set(parts.proposer.pending);
      longPolls.set(parts.proposer.longPolls);
      streams.set(parts.hub.clientCount);
    },
  };
}
