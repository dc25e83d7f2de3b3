/**
 * Permits at a hook. The hook asked the gateway itself, over the connection that it would have to
 * fetch the keys by: what is checked is that the permit is for this call here, not its signature.
 */
import { intentDigest } from '@estop/schemas/digest';
import type { PermitFlaw } from './domain/call.ts';
import { flawOf, type PermitClaims, readClaims } from './domain/permit.ts';

export interface HookPermitUse {
  readonly intentId: string;
  readonly tool: string;
  /** RFC 8785. */
  readonly argumentsText: string;
  readonly point: string;
  /** Since before the question, ms: the permit is no older than that, whatever clocks say. */
  readonly ageMs: number;
}

/** The first binding that does not hold; null: the permit is for this call. */
export function hookPermitFlaw(permit: string | null, use: HookPermitUse): PermitFlaw | null {
  if (permit === null) return 'missing';
  const claims = claimsOf(permit);
  if (claims === undefined) return 'signature';
  const { sub, iat, exp, intent } = claims;
  if (intent !== use.intentId) return 'arguments';
  if (use.ageMs >= (exp - iat) * 1_000) return 'expired';
  return flawOf(claims, {
    agentId: sub,
    tool: use.tool,
    digest: intentDigest(sub, use.tool, use.argumentsText),
    point: use.point,
    nowMs: iat * 1_000,
  });
}

/** The payload of a JWS in its compact form (RFC 7515, section 7.1). */
function claimsOf(permit: string): PermitClaims | undefined {
  const [, payload = ''] = permit.split('.');
  try {
    return readClaims(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  } catch {
    return undefined;
  }
}
