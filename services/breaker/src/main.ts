/** The breaker service: watches the agents of the partitions it owns, and orders trips. */
import type { EventLog } from '@estop/log/port';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import type { Registry } from 'prom-client';
import { FleetRulesSource } from './adapters/fleet-rules-source.ts';
import { createBreakerMetrics } from './process/breaker-metrics.ts';
import { PartitionTask } from './process/partition-task.ts';

export const BREAKER_GROUP = 'estop-breaker';

export interface BreakerDeps {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
}

export interface BreakerService {
  close(): Promise<void>;
}

/** Starts watching; resolves when this process has joined the group. */
export async function startBreaker({
  log,
  clock,
  logger,
  registry,
}: BreakerDeps): Promise<BreakerService> {
  const metrics = createBreakerMetrics(registry);
  const rules = new FleetRulesSource(log, logger);
  const membership = await log.join({
    group: BREAKER_GROUP,
    inputs: ['audit.v1'],
    async run(assignment) {
      metrics.partitionsOwned.inc();
      try {
        await new PartitionTask({ log, clock, logger, metrics, rules }, assignment).run();
      } finally {
        metrics.partitionsOwned.dec();
      }
    },
    onFailure(partition, error) {
      metrics.partitionFailures.inc();
      logger.error({ partition, error: messageOf(error) }, 'partition failed; beginning again');
    },
  });
  return { close: () => membership.close() };
}
