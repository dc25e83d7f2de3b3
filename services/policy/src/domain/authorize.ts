/**
 * Two-point evaluation: approval is a fact that rules may ask for. Denied without it and allowed
 * with it means that a person must be asked. A rule that cannot be evaluated denies.
 */
import type { RuleAnnotations, RuleEngine, RuleRequest } from './fleet.ts';

export type Authorization =
  | { readonly verdict: 'permitted'; readonly rules: readonly string[] }
  | {
      readonly verdict: 'approval-required';
      readonly rules: readonly string[];
      readonly terms: ApprovalTerms;
    }
  | {
      readonly verdict: 'forbidden' | 'not-permitted';
      readonly rules: readonly string[];
      readonly reason: string | null;
    }
  | { readonly verdict: 'error'; readonly rules: readonly string[]; readonly message: string };

/** What one rule asks of the people. */
export interface ApprovalGate {
  /** Groups of which an approver must be in one; empty: any approver. */
  readonly approvers: readonly string[];
  readonly quorum: number;
}

/** What all asking rules ask together: the strictest in short, and each by itself. */
export interface ApprovalTerms extends ApprovalGate {
  readonly gates: readonly ApprovalGate[];
  /** Null: the default of the tier. */
  readonly expiresMs: number | null;
  readonly reason: string | null;
  readonly severity: string | null;
}

/** Asks the rules, without approval first. */
export function authorize(rules: RuleEngine, request: RuleRequest): Authorization {
  const evaluation = rules.begin(request);
  const without = evaluation.evaluate(false);
  if (without.errors.length > 0) return errorOf(without.errors);
  if (without.decision === 'allow') return { verdict: 'permitted', rules: without.determining };
  const granted = evaluation.evaluate(true);
  if (granted.errors.length > 0) return errorOf(granted.errors);
  if (granted.decision === 'allow') {
    // Gates that stood in the way ask; without one, the grants that needed the approval do.
    const asking = without.determining.length > 0 ? without.determining : granted.determining;
    // Both have a say: what the grant asks for holds behind a gate too.
    const speaking = [...new Set([...asking, ...granted.determining])];
    return { verdict: 'approval-required', rules: asking, terms: termsOf(rules, speaking) };
  }
  return denialOf(rules, granted.determining);
}

/** Asks the rules with the approval granted: what counts when the people have said yes. */
export function authorizeApproved(rules: RuleEngine, request: RuleRequest): Authorization {
  const granted = rules.begin(request).evaluate(true);
  if (granted.errors.length > 0) return errorOf(granted.errors);
  if (granted.decision === 'allow') return { verdict: 'permitted', rules: granted.determining };
  return denialOf(rules, granted.determining);
}

function denialOf(rules: RuleEngine, determining: readonly string[]): Authorization {
  const verdict = determining.length > 0 ? 'forbidden' : 'not-permitted';
  return { verdict, rules: determining, reason: firstReason(rules, determining) };
}

function errorOf(
  errors: readonly { readonly ruleId: string; readonly message: string }[],
): Authorization {
  const message = errors.map((error) => `${error.ruleId}: ${error.message}`).join('; ');
  return { verdict: 'error', rules: errors.map((error) => error.ruleId), message };
}

/** The strictest of what the asking rules say: most people, shortest time, all groups named. */
function termsOf(rules: RuleEngine, asking: readonly string[]): ApprovalTerms {
  const annotations = asking.map((id) => rules.annotationsOf(id));
  const gates = annotations
    .map(({ approvers, quorum }) => ({ approvers, quorum: quorum ?? 1 }))
    // Any one approver: what every approval asks, also of a rule that says nothing of people.
    .filter(({ approvers, quorum }) => approvers.length > 0 || quorum > 1);
  const expiries = annotations.flatMap((a) => (a.expiresMs === null ? [] : [a.expiresMs]));
  return {
    approvers: [...new Set(gates.flatMap(({ approvers }) => approvers))],
    quorum: Math.max(1, ...gates.map(({ quorum }) => quorum)),
    gates,
    expiresMs: expiries.length === 0 ? null : Math.min(...expiries),
    reason: firstReason(rules, asking),
    severity: annotations.find((a: RuleAnnotations) => a.severity !== null)?.severity ?? null,
  };
}

function firstReason(rules: RuleEngine, ids: readonly string[]): string | null {
  for (const id of ids) {
    const { reason } = rules.annotationsOf(id);
    if (reason !== null) return reason;
  }
  return null;
}
