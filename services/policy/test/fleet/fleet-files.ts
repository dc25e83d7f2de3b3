/** A small valid fleet, of which tests replace single files. */

import type { AgentId, ToolName } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import { checkPolicyFiles } from '../../src/adapters/cedar/policy-check.ts';
import { checkFleet, type FleetCheck } from '../../src/adapters/fleet/check-fleet.ts';
import { type CompiledFleet, compileFleet } from '../../src/adapters/fleet/compile-fleet.ts';
import type { FleetProblem } from '../../src/adapters/fleet/report.ts';
import type { Fleet, FleetAgent, JsonObject, RuleRequest } from '../../src/domain/fleet.ts';

export type FileTexts = Readonly<Record<string, string>>;

export const VALID: FileTexts = {
  'agents.yaml': `agents:
  billing-bot: { owner: dana@example.com, groups: [finance], attributes: { env: prod } }
  crm-bot: { groups: [support] }
`,
  'tools.yaml': `tools:
  crm.read: { tier: read }
  crm.delete:
    tier: destructive
    undo: crm.restore
    arguments:
      type: object
      properties: { id: { type: string } }
      required: [id]
  crm.restore: { tier: write }
  payments.send:
    tier: financial
    targets: [/to, /copies]
    cost: { microUsd: /amountMicroUsd }
    arguments:
      type: object
      properties:
        to: { type: string }
        copies: { type: array, items: { type: string } }
        amountMicroUsd: { type: integer }
        rate: { type: number }
      required: [to, amountMicroUsd]
`,
  'limits.yaml': `budgets:
  - { id: spend, scope: { agent: "*", group: finance }, unit: microUsd, ceiling: 50000000, window: day }
rates:
  - { id: crm, scope: { agent: "*", tool: "crm.*" }, limit: 50, window: 1h }
`,
  'people.yaml': `people:
  dana@example.com: { role: admin, groups: [finance-leads] }
`,
  'policies/rules.cedar': `permit (principal, action in Action::"tier-read", resource);`,
};

export function filesWith(changes: Readonly<Record<string, string | null>>): Map<string, string> {
  const files = new Map(Object.entries(VALID));
  for (const [path, text] of Object.entries(changes)) {
    if (text === null) files.delete(path);
    else files.set(path, text);
  }
  return files;
}

/** As checkFleet, without the worker for policies, whose start takes longer than the check. */
export function checkInPlace(
  changes: Readonly<Record<string, string | null>>,
): Promise<FleetCheck> {
  return checkFleet(filesWith(changes), checkPolicyFiles);
}

/** What checking finds wrong; empty when nothing is. */
export async function problemsWith(
  changes: Readonly<Record<string, string | null>>,
): Promise<readonly FleetProblem[]> {
  const answer = await checkInPlace(changes);
  return answer.ok ? [] : answer.problems;
}

export async function warningsWith(
  changes: Readonly<Record<string, string | null>>,
): Promise<readonly FleetProblem[]> {
  const answer = await checkInPlace(changes);
  invariant(answer.ok, 'the fleet of a test about warnings is valid');
  return answer.warnings;
}

/** The compiled fleet of the valid files with changes. */
export async function fleetWith(
  changes: Readonly<Record<string, string | null>>,
): Promise<CompiledFleet> {
  const answer = await checkInPlace(changes);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems, null, 2));
  return compileFleet(structuredClone(answer.bundle));
}

export function agentOf(fleet: Fleet, id: string): FleetAgent {
  const agent = fleet.agentById.get(id as AgentId);
  invariant(agent !== undefined, `the fleet has the agent ${id}`);
  return agent;
}

export interface Ask {
  readonly agent: string;
  readonly tool: string;
  readonly arguments?: JsonObject;
  readonly untrusted?: readonly string[];
  readonly provenance?: Readonly<Record<string, string>>;
  readonly atMs?: number;
  readonly recent?: RuleRequest['recent'];
}

const NOTHING = { calls: 0, denied: 0, errors: 0, microUsd: 0, targets: 0 };

export function requestOf(fleet: Fleet, ask: Ask): RuleRequest {
  return {
    agent: agentOf(fleet, ask.agent),
    tool: fleet.toolOf(ask.tool as ToolName),
    arguments: ask.arguments ?? {},
    untrusted: ask.untrusted ?? [],
    provenance: ask.provenance ?? {},
    sessionId: null,
    atMs: ask.atMs ?? 0,
    recent: ask.recent ?? { minute: NOTHING, hour: NOTHING, day: NOTHING },
  };
}

/** What the rules say: `approval` means denied without and allowed with an approval. */
export function verdictOf(fleet: Fleet, ask: Ask): 'allow' | 'deny' | 'approval' | 'error' {
  const evaluation = fleet.rules.begin(requestOf(fleet, ask));
  const without = evaluation.evaluate(false);
  const granted = evaluation.evaluate(true);
  if (without.errors.length > 0 || granted.errors.length > 0) return 'error';
  if (without.decision === 'allow') return 'allow';
  return granted.decision === 'allow' ? 'approval' : 'deny';
}
