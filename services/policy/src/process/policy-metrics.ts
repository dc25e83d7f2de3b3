/** What SREs watch of the decider. Low cardinality: never an agent id. */
import type { Decision } from '@estop/schemas/messages';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { DeadInput } from './effects.ts';

export interface PolicyMetrics {
  readonly voidRecords: Counter;
  readonly partitionsOwned: Gauge;
  readonly partitionFailures: Counter;
  readonly foldedRecords: Counter;
  readonly snapshotsRefused: Counter;
  /** Tallies them, and answers how to count them once they are out: until then only labels are kept. */
  tally(decisions: readonly Decision[], deadLetters: readonly DeadInput[]): () => void;
}

export function createPolicyMetrics(registry: Registry): PolicyMetrics {
  const registers = [registry];
  const decided = new Counter({
    name: 'estop_decisions_total',
    help: 'Decisions published, by verdict and reason.',
    labelNames: ['decision', 'reason'],
    registers,
  });
  const dead = new Counter({
    name: 'estop_dead_letters_total',
    help: 'Inputs that could not be taken, by reason.',
    labelNames: ['reason'],
    registers,
  });
  return {
    voidRecords: new Counter({
      name: 'estop_audit_void_records_total',
      help: 'Audit records that did not extend the chain, seen while folding.',
      registers,
    }),
    partitionsOwned: new Gauge({
      name: 'estop_policy_partitions_owned',
      help: 'Partitions this process decides.',
      registers,
    }),
    partitionFailures: new Counter({
      name: 'estop_policy_partition_failures_total',
      help: 'Times a partition dropped its state and folded the log again.',
      registers,
    }),
    foldedRecords: new Counter({
      name: 'estop_policy_folded_records_total',
      help: 'Audit records folded when partitions were taken over: those no snapshot held.',
      registers,
    }),
    snapshotsRefused: new Counter({
      name: 'estop_policy_snapshots_refused_total',
      help: 'Snapshots that disagreed with themselves or with the log and were thrown away.',
      registers,
    }),
    tally(decisions, deadLetters) {
      const counts = countByLabels(decisions);
      const reasons = deadLetters.map(({ reason }) => reason);
      return () => {
        for (const [labels, count] of counts) decided.inc(labels, count);
        for (const reason of reasons) dead.inc({ reason });
      };
    },
  };
}

type DecisionLabels = Pick<Decision, 'decision' | 'reason'>;

/** Finding a counter by its labels costs more than adding to it. */
function countByLabels(decisions: readonly Decision[]): ReadonlyMap<DecisionLabels, number> {
  const labelsByText = new Map<string, DecisionLabels>();
  const counts = new Map<DecisionLabels, number>();
  for (const { decision, reason } of decisions) {
    const text = `${decision} ${reason}`;
    const labels = labelsByText.get(text) ?? { decision, reason };
    labelsByText.set(text, labels);
    counts.set(labels, (counts.get(labels) ?? 0) + 1);
  }
  return counts;
}
