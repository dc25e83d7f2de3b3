/** The gateway of this process, from its own configuration and what the process shares. */
import { randomBytes } from 'node:crypto';
import { gatewayConfig } from '@estop/gateway/config';
import { createGateway, type Gateway } from '@estop/gateway/main';
import type { EventLog } from '@estop/log/port';
import { POLICY_GROUP } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import { readConfig } from '@estop/runtime/config';
import type { Context } from '../context.ts';
import { ensureLinkKey } from './secret-file.ts';
import type { Shared } from './shared.ts';

const VARIABLES = [
  'ESTOP_HOST',
  'ESTOP_PORT',
  'ESTOP_JWT_ISSUER',
  'ESTOP_JWT_JWKS_URL',
  'ESTOP_JWT_AUDIENCE',
] as const;

const PERMIT_SECRET_BYTES = 32;

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
  const secrets = {
    operatorKeyHash: options.operatorKeyHash,
    permitSecret: permitSecret(context, options.log),
  };
  const gateway = createGateway({
    log: options.log,
    clock: systemClock,
    logger,
    metrics,
    health,
    config: { ...gatewayConfig(variables, secrets), host, port },
    checkFleet,
    groups: [POLICY_GROUP],
  });
  const { url } = await gateway.start();
  return { ...gateway, url };
}

/** On Kafka there may be more gateways: what they all have is the link key. */
function permitSecret(context: Context, log: EventLog): Uint8Array {
  if (log.kind === 'embedded') return randomBytes(PERMIT_SECRET_BYTES);
  const { ESTOP_LINK_KEY: linkKey } = readConfig(['ESTOP_LINK_KEY'], context.io.env);
  return Buffer.from(linkKey ?? ensureLinkKey(context.data), 'utf8');
}
