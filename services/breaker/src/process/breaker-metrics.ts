/** What SREs watch of the breaker service. Low cardinality: never an agent id. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface BreakerMetrics {
  readonly partitionsOwned: Gauge;
  readonly partitionFailures: Counter;
  readonly voidRecords: Counter;
  readonly records: Counter;
  /** By signal, and by what was ordered: nothing, step-up, open, or only said (shadow). */
  readonly findings: Counter<'signal' | 'order'>;
  readonly ordersTooLate: Counter;
  readonly rebuilds: Counter;
}

export function createBreakerMetrics(registry: Registry): BreakerMetrics {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  return {
    partitionsOwned: new Gauge({
      name: 'estop_breaker_partitions_owned',
      help: 'Partitions whose agents this process watches.',
      registers,
    }),
    partitionFailures: counter(
      'estop_breaker_partition_failures_total',
      'Times that a partition failed and was begun again from its entries.',
    ),
    voidRecords: counter(
      'estop_breaker_void_records_total',
      'Audit records that did not extend the chain, and were not watched.',
    ),
    records: counter('estop_breaker_records_total', 'Audit records watched.'),
    findings: new Counter({
      name: 'estop_breaker_findings_total',
      help: 'Findings, by signal and by what was ordered.',
      labelNames: ['signal', 'order'],
      registers,
    }),
    ordersTooLate: counter(
      'estop_breaker_orders_too_late_total',
      'Orders whose time was over before they could be given.',
    ),
    rebuilds: counter(
      'estop_breaker_rebuilds_total',
      'Times that the entries of a partition were not believed, and the whole log was read.',
    ),
  };
}
