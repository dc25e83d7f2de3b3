import type { Denied, NeedsApproval } from './domain/decision.ts';

/** Thrown by a guarded function that was not run. `decision` says why, and what may be done. */
export class DeniedError extends Error {
  override readonly name = 'DeniedError';
  readonly tool: string;
  readonly decision: Denied | NeedsApproval;

  constructor(tool: string, decision: Denied | NeedsApproval) {
    super(`${tool} was not run (${decision.reason}): ${decision.message}`);
    this.tool = tool;
    this.decision = decision;
  }
}
