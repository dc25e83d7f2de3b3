import type { DenyReason } from '@estop/schemas/messages';

/** Why an intent is denied. */
export interface Denial {
  readonly kind: 'deny';
  readonly reason: DenyReason;
  readonly message: string;
  readonly rules: readonly string[];
  readonly retryAfterMs: number | null;
}

export function deny(
  reason: DenyReason,
  message: string,
  more: { readonly rules?: readonly string[]; readonly retryAfterMs?: number | null } = {},
): Denial {
  const { rules = [], retryAfterMs = null } = more;
  return { kind: 'deny', reason, message, rules, retryAfterMs };
}
