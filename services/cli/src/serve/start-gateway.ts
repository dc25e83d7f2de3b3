/** The gateway of this process, from its own configuration and what the process shares. */
import { randomBytes } from 'node:crypto';
import { BREAKER_GROUP } from '@estop/breaker/main';
import { gatewayConfig } from '@estop/gateway/config';
import { createGateway, type Gateway } from '@estop/gateway/main';
import type { EventLog } from '@estop/log/port';
import { POLICY_GROUP } from '@estop/policy/main';
import { systemClock } from '@estop/runtime/clock';
import { readConfig } from '@estop/runtime/config';
import { EstopError } from '@estop/schemas/errors';
import type { Context } from '../context.ts';
import type { Control } from './control.ts';
import { ensureLinkKey } from './secret-file.ts';
import type { Shared } from './shared.ts';

const VARIABLES = [
  'ESTOP_HOST',
  'ESTOP_PORT',
  'ESTOP_PEERS',
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
  options: {
    readonly log: EventLog;
    readonly operatorKeyHash: string;
    readonly control: Pick<Control, 'early' | 'hasGateway'>;
  },
): Promise<RunningGateway> {
  const { context, logger, metrics, health, checkFleet, host, port } = shared;
  const variables = readConfig(VARIABLES, context.io.env);
  const linkKey = options.log.kind === 'embedded' ? null : linkKeyOf(context);
  if (linkKey === null && variables.ESTOP_PEERS !== null) {
    const problem =
      'ESTOP_PEERS is set, but the embedded log has one gateway: set KAFKA_BROKERS too';
    throw new EstopError('config-invalid', problem);
  }
  const secrets = {
    operatorKeyHash: options.operatorKeyHash,
    // On Kafka there may be more gateways: what they all have is the link key.
    permitSecret: linkKey ?? randomBytes(PERMIT_SECRET_BYTES),
    peerKey: linkKey,
  };
  const gateway = createGateway({
    log: options.log,
    clock: systemClock,
    logger,
    metrics,
    health,
    config: { ...gatewayConfig(variables, secrets), host, port },
    checkFleet,
    unwritten: options.control.early,
    groups: [POLICY_GROUP, BREAKER_GROUP],
  });
  const starting = gateway.start();
  // What was said early is in force there by now, and what comes now goes there.
  options.control.hasGateway(gateway);
  const { url } = await starting;
  return { ...gateway, url };
}

function linkKeyOf(context: Context): Uint8Array {
  const { ESTOP_LINK_KEY: linkKey } = readConfig(['ESTOP_LINK_KEY'], context.io.env);
  return Buffer.from(linkKey ?? ensureLinkKey(context.data), 'utf8');
}
