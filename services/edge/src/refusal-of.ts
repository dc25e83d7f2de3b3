/** A decision that is not yes, as what the door says. */
import type { Answer } from './asker.ts';
import type { Refusal } from './domain/call.ts';

export function refusalOf(answer: Exclude<Answer, { readonly decision: 'allow' }>): Refusal {
  const { intentId, message, reason: code } = answer;
  if (answer.decision === 'deny') {
    const { retryAfterMs } = answer;
    const later = retryAfterMs === null ? {} : { retryAfterMs };
    return { kind: 'refused', reason: 'denied', message, intentId, code, ...later };
  }
  const { id, expiresAt } = answer.approval;
  return {
    kind: 'refused',
    reason: 'needs-approval',
    message: `${message}. Approval ${id} waits for a person: make the same call again after the yes.`,
    intentId,
    code,
    approval: { id, expiresAt },
  };
}
