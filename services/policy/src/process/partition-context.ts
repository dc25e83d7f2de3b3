/** What a partition task is given, and what it tells. */
import type { ChainHead } from '@estop/log/chain';
import type { EventLog } from '@estop/log/port';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import type { ControlFeed } from './control-feed.ts';
import type { PolicyMetrics } from './policy-metrics.ts';

export interface PartitionDeps {
  readonly log: EventLog;
  readonly feed: ControlFeed;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: PolicyMetrics;
  readonly version: string;
  /** The last head that this process has seen proven, by partition; tasks come and go. */
  readonly provenHeads: Map<number, ChainHead>;
}

export interface LiveState {
  /** The state holds every audit record below this offset, and nothing else. */
  readonly nextOffset: number;
  readonly text: string;
}

/** Where an input stands, and when its log stamped it. */
export interface Source {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
}
