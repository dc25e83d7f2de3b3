/**
 * JWTs of the configured issuer, proven by its JWKS. Claims: `sub` is the id; `estop_kind` says
 * `agent` or `person`; `estop_agent` names an agent when `sub` is something else. A token without
 * either claim speaks for nobody: a login at the issuer alone is no right here.
 */
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { JwtConfig } from '../config.ts';
import { ProblemError } from '../problems.ts';

const CLOCK_SKEW_S = 30;
const JWKS_TIMEOUT_MS = 5_000;
const JWKS_COOLDOWN_MS = 30_000;
const TOKEN_CHARS_MAX = 8_192;
/** Public-key signatures only: with a shared secret, who checks could also sign. */
const ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'PS256', 'PS384', 'RS256', 'RS384'];

export interface Claimed {
  readonly kind: 'agent' | 'person';
  readonly id: string;
}

/** Answers undefined for a token that proves nothing; throws ProblemError `issuer-unavailable`. */
export type JwtVerifier = (token: string) => Promise<Claimed | undefined>;

export function createJwtVerifier(config: JwtConfig): JwtVerifier {
  const keys = createRemoteJWKSet(new URL(config.jwksUrl), {
    timeoutDuration: JWKS_TIMEOUT_MS,
    cooldownDuration: JWKS_COOLDOWN_MS,
  });

  return async function verify(token) {
    if (token.length > TOKEN_CHARS_MAX) return undefined;
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: config.issuer,
        audience: config.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_SKEW_S,
        requiredClaims: ['exp', 'sub'],
      });
      return claimedBy(payload);
    } catch (error) {
      if (isTokenFault(error)) return undefined;
      throw new ProblemError('issuer-unavailable', 'the keys of the issuer cannot be had now', {
        cause: error,
      });
    }
  };
}

/** jose checks signature and times; that the claims are texts is checked here. */
function claimedBy(payload: JWTPayload): Claimed | undefined {
  const { estop_kind: kind, estop_agent: agent } = payload;
  const sub: unknown = payload.sub;
  if (typeof sub !== 'string') return undefined;
  if (typeof agent === 'string')
    return kind === 'person' ? undefined : { kind: 'agent', id: agent };
  if (agent !== undefined || (kind !== 'agent' && kind !== 'person')) return undefined;
  return { kind, id: sub };
}

/** Faults of the token; all others are faults of the way to the keys. */
function isTokenFault(error: unknown): boolean {
  return (
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported
  );
}
