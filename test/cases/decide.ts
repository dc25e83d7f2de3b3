/** Decides a recorded set offline, with the production fleet compiler and decider. */
import { checkFleet } from '@estop/policy/adapters/fleet/check-fleet';
import { compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import { createBacktest } from '@estop/policy/domain/backtest';
import { intentDigest } from '@estop/schemas/digest';
import type { Intent } from '@estop/schemas/messages';
import canonicalize from 'canonicalize';
import { fleetFiles, type IntentLine, intentLines } from './convert.ts';
import type { RecordedSet } from './recorded.ts';
import type { DecisionLine } from './score.ts';

/** One line per recorded call, in order. */
export async function decideSet(set: RecordedSet): Promise<readonly DecisionLine[]> {
  const checked = await checkFleet(fleetFiles(set));
  if (!checked.ok) {
    const problems = checked.problems.map((p) => `${p.file}:${p.line}:${p.column} ${p.message}`);
    throw new Error(`the fleet of ${set.name} is invalid:\n${problems.join('\n')}`);
  }
  const fleet = await compileFleet(checked.bundle);
  try {
    // Policies are scored here, on several clocks and without outcomes: a breaker looks at both.
    const backtest = createBacktest(fleet, () => []);
    return intentLines(set).map((line) => {
      const intent = intentOf(line);
      const digest = intentDigest(intent.agentId, intent.tool, intent.arguments);
      const decision = backtest.decide(intent, digest, line.at);
      if (decision === undefined) throw new Error(`${line.id} could not be taken`);
      const { decision: verdict, reason, rules, at } = decision;
      return { id: line.id, decision: verdict, reason, rules, at };
    });
  } finally {
    fleet.close();
  }
}

/** The intent of a line as intents.v1 carries it. */
export function intentOf(line: IntentLine): Intent {
  return {
    intentId: line.id as Intent['intentId'],
    agentId: line.agent as Intent['agentId'],
    sessionId: line.session as Intent['sessionId'],
    tool: line.tool as Intent['tool'],
    arguments: canonicalize(line.arguments) ?? '{}',
    reason: null,
    task: null,
    tokens: line.cost.tokens,
    microUsd: null,
    provenance: line.provenance,
    undo: null,
    proposedBy: null,
    point: null,
  };
}
