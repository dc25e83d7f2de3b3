/** What the gateway is told at its start, and the bounds it keeps. */
import type { Config } from '@estop/runtime/config';

/** Bounds of the door. Every one of them turns more load into a clear refusal. */
export const LIMITS = {
  /** Largest JSON body, and largest line of a batch. */
  bodyBytes: 256 * 1024,
  /** Largest fleet bundle as JSON. */
  fleetBytes: 10 * 1024 * 1024,
  jsonDepth: 32,
  connections: 10_000,
  /** Intents written and not decided. */
  pendingIntents: 20_000,
  pendingIntentsPerAgent: 2_000,
  /** Requests that wait for a person. */
  longPolls: 10_000,
  /** How long the first decision may take. */
  decideMs: 2_000,
  /** How long the answer to a command may take. */
  commandMs: 2_000,
  waitMs: 60_000,
  batchLines: 100_000,
  /** Lines of one batch that are asked and not yet answered. */
  batchInflight: 256,
  streams: 500,
  /** What one slow reader of the event stream may owe before it is dropped. */
  streamBufferBytes: 4 * 1024 * 1024,
  heartbeatMs: 15_000,
  /** Enforcement points with a control stream. */
  points: 5_000,
  /** Of one credential's owner: no one agent, and no one person, takes the places of all others. */
  pointsPerAgent: 500,
  pointsPerPerson: 2_500,
  /** How long a changed fleet or a lifted halt is waited for in the audit log. */
  fleetAppliedMs: 5_000,
  liftAppliedMs: 1_000,
} as const;

export type Limits = { readonly [Name in keyof typeof LIMITS]: number };

export interface GatewayConfig {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Hex SHA-256 of the key of `operator@local`; null: there is none. */
  readonly operatorKeyHash: string | null;
  readonly jwt: JwtConfig | null;
  /** Keys for permits are made from it; the same for all gateways of a deployment. */
  readonly permitSecret: Uint8Array;
  /** Proves gateways to each other; null: there are no others. */
  readonly peerKey: Uint8Array | null;
  /** Addresses of the others. */
  readonly peerUrls: readonly string[];
  readonly limits: Limits;
}

export interface JwtConfig {
  readonly issuer: string;
  readonly jwksUrl: string;
  readonly audience: string;
}

type Variables = Config<
  | 'ESTOP_HOST'
  | 'ESTOP_PORT'
  | 'ESTOP_PEERS'
  | 'ESTOP_JWT_ISSUER'
  | 'ESTOP_JWT_JWKS_URL'
  | 'ESTOP_JWT_AUDIENCE'
>;

/** The configuration from the variables of topology.ts. The secrets come from elsewhere. */
export function gatewayConfig(
  variables: Variables,
  secrets: Pick<GatewayConfig, 'operatorKeyHash' | 'permitSecret' | 'peerKey'>,
): GatewayConfig {
  const { ESTOP_JWT_ISSUER: issuer, ESTOP_JWT_JWKS_URL: jwksUrl } = variables;
  const hasIssuer = issuer !== null && jwksUrl !== null;
  return {
    host: variables.ESTOP_HOST,
    port: variables.ESTOP_PORT,
    ...secrets,
    peerUrls: variables.ESTOP_PEERS ?? [],
    jwt: hasIssuer ? { issuer, jwksUrl, audience: variables.ESTOP_JWT_AUDIENCE } : null,
    limits: LIMITS,
  };
}
