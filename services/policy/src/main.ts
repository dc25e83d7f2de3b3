/** The policy service: decides every intent of the partitions it owns, and alone writes audit.v1. */
import type { ChainHead } from '@estop/log/chain';
import type { EventLog } from '@estop/log/port';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import type { Registry } from 'prom-client';
import { ControlFeed, type LoadFleet } from './process/control-feed.ts';
import { INPUT_TOPICS } from './process/inputs.ts';
import type { LiveState } from './process/partition-context.ts';
import { PartitionTask } from './process/partition-task.ts';
import { createPolicyMetrics } from './process/policy-metrics.ts';

export const POLICY_GROUP = 'estop-policy';

export interface PolicyDeps {
  readonly log: EventLog;
  readonly loadFleet: LoadFleet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** The version of the software, for WriterStarted. */
  readonly version: string;
}

export interface PolicyService {
  /** The partitions this process owns now. */
  partitions(): readonly number[];
  /** The live state of an owned partition; undefined when another process owns it. */
  liveState(partition: number): Promise<LiveState | undefined>;
  close(): Promise<void>;
}

/** Starts deciding; resolves when this process has joined the group. */
export async function startPolicy(deps: PolicyDeps): Promise<PolicyService> {
  const { log, logger } = deps;
  const metrics = createPolicyMetrics(deps.registry);
  const feed = new ControlFeed(deps);
  // Compiling a fleet waits for a worker mostly: partitions fold their state meanwhile.
  const fed = feed.start();
  fed.catch(() => undefined);
  const taskByPartition = new Map<number, PartitionTask>();
  const provenHeads = new Map<number, ChainHead>();
  const membership = await log.join({
    group: POLICY_GROUP,
    inputs: INPUT_TOPICS,
    async run(assignment) {
      const task = new PartitionTask({ ...deps, feed, metrics, provenHeads }, assignment);
      taskByPartition.set(assignment.partition, task);
      metrics.partitionsOwned.inc();
      try {
        await task.run();
      } finally {
        metrics.partitionsOwned.dec();
        taskByPartition.delete(assignment.partition);
      }
    },
    onFailure(partition, error) {
      metrics.partitionFailures.inc();
      logger.error({ partition, error: messageOf(error) }, 'partition failed; folding again');
    },
  });
  await fed.catch(async (error: unknown) => {
    await membership.close();
    throw error;
  });
  return {
    partitions: () => [...taskByPartition.keys()],
    liveState: async (partition) => taskByPartition.get(partition)?.liveState(),
    async close() {
      await membership.close();
      await feed.close();
    },
  };
}
