/** The gateway of this process, from its own configuration and what the process shares. */
import { gatewayConfig } from '@estop/gateway/config';
import { createGateway, type Gateway } from '@estop/gateway/main';
import type { EventLog } from '@estop/log/port';
import { POLICY_GROUP } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import { readConfig } from '@estop/runtime/config';
import type { Shared } from './shared.ts';

const VARIABLES = [
  'ESTOP_HOST',
  'ESTOP_PORT',
  'ESTOP_JWT_ISSUER',
  'ESTOP_JWT_JWKS_URL',
  'ESTOP_JWT_AUDIENCE',
] as const;

export interface RunningGateway extends Gateway {
  readonly url: string;
}

/** Resolves when it serves. */
export async function startGateway(
  shared: Shared,
  options: { readonly log: EventLog; readonly operatorKeyHash: string },
): Promise<RunningGateway> {
  const { context, logger, metrics, health, checkFleet, host, port } = shared;
  const variables = readConfig(VARIABLES, context.io.env);
  const gateway = createGateway({
    log: options.log,
    clock: systemClock,
    logger,
    metrics,
    health,
    config: { ...gatewayConfig(variables, options.operatorKeyHash), host, port },
    checkFleet,
    groups: [POLICY_GROUP],
  });
  const { url } = await gateway.start();
  return { ...gateway, url };
}
