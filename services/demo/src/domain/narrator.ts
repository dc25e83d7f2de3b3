/**
 * Tells in clear lines what happens to the stray agent. Each new kind of event is told when it
 * first happens; what repeats is counted and told in sums, so that nobody has to read a log.
 */
import type { Step } from './work.ts';

/** What estop answered to one call. */
export interface Verdict {
  readonly decision: 'allow' | 'deny' | 'needs-approval';
  readonly reason: string;
  readonly message: string;
}

export interface Narrator {
  /** The line for this event, or undefined when the sums will tell. */
  tell(step: Step, verdict: Verdict): string | undefined;
  /** What was allowed, asked and denied so far, in one line. */
  sum(): string;
}

/** The first so many of each kind are told one by one. */
const TOLD_EACH = 2;

export function createNarrator(): Narrator {
  const countByKind = new Map<string, number>();

  return {
    tell(step, verdict) {
      const kind = `${step.tool} ${verdict.decision} ${verdict.reason}`;
      const count = (countByKind.get(kind) ?? 0) + 1;
      countByKind.set(kind, count);
      if (count <= TOLD_EACH) return lineOf(step, verdict);
      return count === TOLD_EACH + 1
        ? `           … and so on: ${kindOf(step, verdict)}`
        : undefined;
    },
    sum() {
      const total = (decision: string) => {
        let sum = 0;
        for (const [kind, count] of countByKind) {
          if (kind.split(' ')[1] === decision) sum += count;
        }
        return sum;
      };
      const waiting = `${total('needs-approval')} waiting for a person`;
      return `${total('allow')} let through, ${waiting}, ${total('deny')} refused`;
    },
  };
}

function lineOf(step: Step, verdict: Verdict): string {
  const call = `${step.tool} ${targetOf(step)}`.trimEnd();
  if (verdict.decision === 'allow') return `let through ${call} (${verdict.reason})`;
  const word = verdict.decision === 'deny' ? wordOf(verdict.reason) : 'waits      ';
  return `${word} ${call} (${verdict.reason}): ${verdict.message}`;
}

function kindOf(step: Step, verdict: Verdict): string {
  return `${step.tool} ${verdict.decision} (${verdict.reason})`;
}

function wordOf(reason: string): string {
  if (reason === 'budget-exhausted' || reason === 'rate-limited') return 'ceiling    ';
  if (reason === 'breaker-open') return 'breaker    ';
  return reason === 'halted' ? 'halted     ' : 'refused    ';
}

function targetOf(step: Step): string {
  const { id, to, amountMicroUsd } = step.arguments;
  if (typeof amountMicroUsd === 'number') return `$${amountMicroUsd / 1_000_000} to ${to}`;
  return String(to ?? id ?? '');
}
