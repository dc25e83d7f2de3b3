/** Permits against the keys of the gateway: signature first, then each binding. */
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { PermitFlaw } from './domain/call.ts';
import {
  flawOf,
  PERMIT_ISSUER,
  PERMIT_TYPE,
  type PermitClaims,
  type PermitUse,
  readClaims,
} from './domain/permit.ts';

/** A permit under a key that is not known makes the keys be fetched again, not more often than this. */
const REFETCH_MS_MIN = 1_000;
const FETCH_TIMEOUT_MS = 2_000;
/** Keys are fetched anew after so long. */
const KEYS_AGE_MS_MAX = 10 * 60_000;

export type Checked =
  | { readonly ok: true; readonly claims: PermitClaims }
  | { readonly ok: false; readonly flaw: PermitFlaw };

export type PermitCheck = (permit: string | null, use: PermitUse) => Promise<Checked>;

/** Fetches the keys when it must; otherwise no I/O. */
export function permitCheck(url: string): PermitCheck {
  return checkWith(
    createRemoteJWKSet(new URL(`${url.replace(/\/+$/, '')}/v1/enforcement/keys`), {
      cooldownDuration: REFETCH_MS_MIN,
      timeoutDuration: FETCH_TIMEOUT_MS,
      cacheMaxAge: KEYS_AGE_MS_MAX,
    }),
  );
}

/** Against any set of keys. */
export function checkWith(keys: JWTVerifyGetKey): PermitCheck {
  return async (permit, use) => {
    if (permit === null) return { ok: false, flaw: 'missing' };
    try {
      const { payload } = await jwtVerify(permit, keys, {
        algorithms: ['EdDSA'],
        typ: PERMIT_TYPE,
        issuer: PERMIT_ISSUER,
        requiredClaims: ['sub', 'aud', 'jti', 'iat', 'exp'],
        currentDate: new Date(use.nowMs),
      });
      const claims = readClaims(payload);
      if (claims === undefined) return { ok: false, flaw: 'signature' };
      const flaw = flawOf(claims, use);
      return flaw === null ? { ok: true, claims } : { ok: false, flaw };
    } catch (error) {
      return { ok: false, flaw: error instanceof errors.JWTExpired ? 'expired' : 'signature' };
    }
  };
}
