/**
 * Judges a history by what the topics hold and what agents were told, with none of the services'
 * code but the codecs. An empty list of violations is the proof that a run asks for.
 */
import { Answers } from './answers.ts';
import { readChains } from './chain.ts';
import { decodeTopic } from './decoding.ts';
import { type History, placeOf, type StateVerdict, type Violation } from './history.ts';
import { checkInputs } from './inputs.ts';
import { checkBudgets } from './ledger.ts';
import { checkSlices } from './slices.ts';

export interface Judgement {
  readonly violations: readonly Violation[];
  readonly validRecords: number;
  readonly voidRecords: number;
  readonly finalDecisions: number;
  readonly acknowledged: number;
  readonly deadLetters: number;
}

export function checkHistory(history: History): Judgement {
  const { records, acknowledged, outages } = history;
  const { valid, voidRecords, violations: ofChain } = readChains(records['audit.v1']);
  const answers = new Answers(valid);
  const decisions = decodeTopic('decisions.v1', records['decisions.v1']);
  const violations = [
    ...ofChain,
    ...answers.checkFinality(),
    ...answers.checkAcknowledged(acknowledged),
    ...answers.checkOutages(acknowledged, outages),
    ...answers.checkProjection(decisions.good),
    ...decisions.bad.map((at) => {
      const place = placeOf({ topic: 'decisions.v1', ...at });
      return { rule: 'decision-unreadable', place, text: 'is no decision' };
    }),
    ...checkInputs(history, valid, answers),
    ...checkBudgets(valid, history.budgets),
    ...checkSlices(valid, history.budgets),
    ...checkStates(history),
  ];
  return {
    violations,
    validRecords: valid.length,
    voidRecords,
    finalDecisions: answers.finalCount,
    acknowledged: acknowledged.length,
    deadLetters: records['dead-letters.v1'].length,
  };
}

/** Every partition was rebuilt by somebody who had never decided, and is what its owner has. */
function checkStates({ states, partitions }: History): readonly Violation[] {
  const verdictOf = new Map(states.map((verdict) => [verdict.partition, verdict]));
  return Array.from({ length: partitions }, (_, partition) => partition).flatMap((partition) => {
    const text = problemOf(verdictOf.get(partition));
    if (text === null) return [];
    return [{ rule: 'state-differs', place: `partition ${partition}`, text }];
  });
}

function problemOf(verdict: StateVerdict | undefined): string | null {
  if (verdict === undefined) return 'was not verified';
  const { liveHash, rebuiltHash } = verdict;
  if (liveHash === null) return 'has no live state that was compared';
  return liveHash === rebuiltHash ? null : `is ${liveHash} live, ${rebuiltHash} rebuilt`;
}

/** For people: what is wrong and where, at most so many lines. */
export function violationLines(violations: readonly Violation[], linesMax = 40): string {
  const lines = violations.map(({ rule, place, text }) => `${rule} ${place}: ${text}`);
  const more = lines.length > linesMax ? [`… and ${lines.length - linesMax} more`] : [];
  return [...lines.slice(0, linesMax), ...more].join('\n');
}
