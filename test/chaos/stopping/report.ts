import type { StoppingJudgement } from './checker.ts';

/** What a run was, for people. */
export function renderStopping(
  judgement: StoppingJudgement,
  run: { readonly seed: number; readonly seconds: number },
): string {
  const { runs, runsAtWork, executions, confirmations, executedWithinLease, violations } =
    judgement;
  return [
    `${runs} runs in ${run.seconds} s, seed ${run.seed}: ${executions} calls executed,`,
    `${runsAtWork} edges at work when the halt came, ${confirmations} confirmations,`,
    `${executedWithinLease} covered calls between a halt and the end of its lease or drain,`,
    `${violations.length} violations.`,
  ].join('\n');
}
