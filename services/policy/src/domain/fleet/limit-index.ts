/** Which limits count a call: by agent once, then by tool, both remembered. */
import { type AgentId, type LimitId, limitIdOf, type ToolName } from '@estop/schemas/ids';
import type { ApplicableLimits, FleetAgent, FleetBudget, FleetRate } from '../fleet.ts';
import type { LimitScope, ScopedBudget, ScopedRate } from './checked-fleet.ts';

/** Answers remembered at most; agents may name any number of unknown tools. */
const ANSWERS_MAX = 50_000;

export interface LimitIndex {
  limitsOf(agent: FleetAgent, tool: ToolName): ApplicableLimits;
  limitsOfAgent(agent: FleetAgent): ApplicableLimits;
  readonly sharedBudgetById: ReadonlyMap<LimitId, FleetBudget>;
  readonly sharedRateById: ReadonlyMap<LimitId, FleetRate>;
}

interface AgentLimits {
  readonly all: ApplicableLimits;
  readonly dependsOnTool: boolean;
  readonly byTool: Map<ToolName, ApplicableLimits>;
}

interface Limits {
  readonly budgets: readonly ScopedBudget[];
  readonly rates: readonly ScopedRate[];
}

export function createLimitIndex(limits: Limits): LimitIndex {
  const limitsByAgent = new Map<AgentId, AgentLimits>();
  const matchers = matchersOf(limits);
  let answers = 0;
  const ofAgent = (agent: FleetAgent): AgentLimits => {
    const known = limitsByAgent.get(agent.id);
    if (known !== undefined) return known;
    const all = select(limits, (scope) => coversAgent(scope, agent));
    const scoped: readonly { scope: LimitScope }[] = [...all.budgets, ...all.rates];
    const dependsOnTool = scoped.some(({ scope }) => scope.tool !== null);
    const made = { all, dependsOnTool, byTool: new Map<ToolName, ApplicableLimits>() };
    limitsByAgent.set(agent.id, made);
    return made;
  };
  return {
    sharedBudgetById: sharedById(limits.budgets),
    sharedRateById: sharedById(limits.rates),
    limitsOfAgent: (agent) => ofAgent(agent).all,
    limitsOf: (agent, tool) => {
      const { all, dependsOnTool, byTool } = ofAgent(agent);
      if (!dependsOnTool) return all;
      const known = byTool.get(tool);
      if (known !== undefined) return known;
      if (answers >= ANSWERS_MAX) {
        limitsByAgent.clear();
        answers = 0;
      }
      const covers = ({ tool: glob }: LimitScope) => glob === null || matchers.get(glob)?.(tool);
      const answer = select(limits, (scope) => coversAgent(scope, agent) && covers(scope) === true);
      byTool.set(tool, answer);
      answers += 1;
      return answer;
    },
  };
}

/** The test for a tool name in which `*` stands for any text, without backtracking. */
export function compileGlob(glob: string): (name: string) => boolean {
  const pieces = glob.split('*');
  const prefix = pieces[0] ?? '';
  if (pieces.length === 1) return (name) => name === prefix;
  const suffix = pieces[pieces.length - 1] ?? '';
  const inner = pieces.slice(1, -1);
  return (name) => {
    if (name.length < prefix.length + suffix.length) return false;
    if (!name.startsWith(prefix) || !name.endsWith(suffix)) return false;
    let from = prefix.length;
    for (const piece of inner) {
      const found = name.indexOf(piece, from);
      if (found < 0) return false;
      from = found + piece.length;
    }
    return from <= name.length - suffix.length;
  };
}

export function coversAgent({ agent, group }: LimitScope, { id, groups }: FleetAgent): boolean {
  return (
    (agent === null || agent === '*' || agent === id) && (group === null || groups.includes(group))
  );
}

function sharedById<Limit extends FleetBudget | FleetRate>(
  limits: readonly Limit[],
): ReadonlyMap<LimitId, Limit> {
  return new Map(limits.filter(({ shared }) => shared).map((one) => [limitIdOf(one.id), one]));
}

function select(limits: Limits, covers: (scope: LimitScope) => boolean): Limits {
  return {
    budgets: limits.budgets.filter(({ scope }) => covers(scope)),
    rates: limits.rates.filter(({ scope }) => covers(scope)),
  };
}

function matchersOf({ budgets, rates }: Limits): ReadonlyMap<string, (name: string) => boolean> {
  const globs = [...budgets, ...rates].flatMap(({ scope: { tool } }) => tool ?? []);
  return new Map(globs.map((glob) => [glob, compileGlob(glob)]));
}
