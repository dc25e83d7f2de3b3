/**
 * Permits: what a gateway says with one (claims of a JWT, RFC 7519, signed with Ed25519), and whether
 * it is good for one call at one door.
 */
import type { Tier } from '@estop/schemas/messages';
import type { PermitFlaw } from './call.ts';
import { isRecord } from './json.ts';

export const PERMIT_TYPE = 'estop-permit+jwt';
export const PERMIT_ISSUER = 'estop';

export interface PermitClaims {
  /** The agent. */
  readonly sub: string;
  /** The one enforcement point that may run the call. */
  readonly aud: string;
  /** One for each intent, however often its permit is given. */
  readonly jti: string;
  /** From when and until when, seconds since 1970 with a fraction. */
  readonly iat: number;
  readonly exp: number;
  /** When the decision was made, by the clock of the log, ms: a breaker's opening is timed by it too. */
  readonly decidedAt: number;
  readonly intent: string;
  readonly tool: string;
  readonly tier: Tier;
  /** `sha256:` and hex over agent, arguments and tool (schemas/digest). */
  readonly digest: string;
  /** Groups of the agent, for halts of groups. */
  readonly groups: readonly string[];
  /** The newest epoch of each scope that covers the call; a scope without one stands at 0. */
  readonly epochs: Readonly<Record<string, number>>;
  /** Where in audit.v1 the decision is written. */
  readonly record: { readonly partition: number; readonly offset: number };
  /** Remember it as spent until then, ms: no later permit of the intent can be good. */
  readonly spendUntil: number;
}

/** What a call must be for a permit to be good for it. */
export interface PermitUse {
  readonly agentId: string;
  readonly tool: string;
  readonly digest: string;
  readonly point: string;
  /** Time of the gateway, ms. */
  readonly nowMs: number;
}

/** The first binding that does not hold; null: it is good for this call, as far as it says itself. */
export function flawOf(claims: PermitClaims, use: PermitUse): PermitFlaw | null {
  if (claims.aud !== use.point) return 'audience';
  if (claims.sub !== use.agentId) return 'agent';
  if (claims.tool !== use.tool) return 'tool';
  if (claims.digest !== use.digest) return 'arguments';
  if (use.nowMs >= claims.exp * 1_000) return 'expired';
  return null;
}

/** What each flaw means, to a model or a person. */
export const FLAW_TEXT: Readonly<Record<PermitFlaw, string>> = {
  missing: 'estop allowed the call without a permit',
  signature: 'the permit is not signed by this estop',
  expired: 'the permit has expired',
  agent: 'the permit is for another agent',
  tool: 'the permit is for another tool',
  arguments: 'the permit is for other arguments',
  audience: 'the permit is for another enforcement point',
  epoch: 'the permit was given before a halt',
  breaker: 'the permit was given before the breaker of the agent opened',
  spent: 'the permit was used already',
};

/** Undefined: these are no claims of a permit. */
export function readClaims(value: unknown): PermitClaims | undefined {
  if (!isRecord(value)) return undefined;
  const { sub, aud, jti, iat, exp, intent, tool, digest, groups, epochs, record, spendUntil } =
    value;
  const { decidedAt } = value;
  const texts = [sub, aud, jti, intent, tool, value['tier'], digest];
  const numbers = [iat, exp, decidedAt, spendUntil];
  if (!texts.every((text) => typeof text === 'string')) return undefined;
  if (!numbers.every((number) => typeof number === 'number')) return undefined;
  if (!Array.isArray(groups) || !isRecord(epochs) || !isRecord(record)) return undefined;
  if (!Object.values(epochs).every((epoch) => typeof epoch === 'number')) return undefined;
  return value as unknown as PermitClaims;
}
