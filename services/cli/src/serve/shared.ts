import type { Health } from '@estop/runtime/health';
import type { Scope } from '@estop/runtime/lifecycle';
import type { Logger } from '@estop/runtime/logger';
import type { Metrics } from '@estop/runtime/metrics';
import type { Context } from '../context.ts';
import type { CheckFleet } from './fleet.ts';

/** What every service of this process shares. */
export interface Shared {
  readonly context: Context;
  readonly scope: Scope;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly checkFleet: CheckFleet;
  readonly host: string;
  readonly port: number;
  readonly version: string;
}
