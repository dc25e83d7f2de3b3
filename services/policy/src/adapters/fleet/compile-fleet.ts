/**
 * From checked data to the fleet that decides. Cheap, so that the thread that decides can do it:
 * tools, schemas and limits are prepared when they are first used.
 */
import type { LadderConfig } from '@estop/breaker/domain/config/breaker-config';
import { FleetRules } from '@estop/breaker/domain/config/fleet-rules';
import type { AgentId, PersonId, ToolName } from '@estop/schemas/ids';
import type { BreakerTerms } from '../../domain/breaker/terms.ts';
import { tierAction } from '../../domain/fleet/cedar-schema.ts';
import type { CheckedTool } from '../../domain/fleet/checked-fleet.ts';
import { createLimitIndex } from '../../domain/fleet/limit-index.ts';
import { createRuleEngine } from '../../domain/fleet/rule-engine.ts';
import { costReader, targetsReader } from '../../domain/fleet/tool-facts.ts';
import type { Fleet, FleetTool } from '../../domain/fleet.ts';
import { createCedarEngine } from '../cedar/cedar-engine.ts';
import { type ArgumentChecker, createArgumentChecker } from './argument-checker.ts';
import type { CheckedBundle } from './check-fleet.ts';

/** A fleet, and what goes with it when another takes over. */
export interface CompiledFleet extends Fleet {
  /** Rules that only cedar-wasm can evaluate, a few thousand times a second. */
  readonly slowRules: readonly string[];
  /** How its agents are watched. */
  readonly watchRules: FleetRules;
  /** To be called once nothing decides by this fleet any more. */
  close(): void;
}

export async function compileFleet(checked: CheckedBundle): Promise<CompiledFleet> {
  const { hash, agents, people, policies, breakers } = checked;
  const watchRules = FleetRules.ofAgents(breakers, agents);
  const tools = new Map<string, CheckedTool>(checked.tools.map((tool) => [tool.name, tool]));
  const engine = await createCedarEngine(policies, {
    actionGroups: new Map(checked.tools.map(({ name, tier }) => [name, [tierAction(tier)]])),
    // A tool outside the catalogue is destructive, for rules as for everything else.
    unknownActionGroups: [tierAction('destructive')],
  });
  return {
    hash,
    agentById: new Map<AgentId, (typeof agents)[number]>(agents.map((one) => [one.id, one])),
    personById: new Map<PersonId, (typeof people)[number]>(people.map((one) => [one.id, one])),
    toolOf: toolFinder(tools),
    ...createLimitIndex(checked),
    rules: createRuleEngine({ policies, tools, evaluate: engine.evaluate }),
    breakerTermsOf: (agentId) => termsFrom(watchRules.of(agentId).config.ladder),
    slowRules: engine.fallback,
    watchRules,
    close: engine.close,
  };
}

function termsFrom({ probes, halfOpenAfterMs, halfOpenAfterMaxMs }: LadderConfig): BreakerTerms {
  return { probes, openFirstMs: halfOpenAfterMs, openMaxMs: halfOpenAfterMaxMs };
}

function toolFinder(tools: ReadonlyMap<string, CheckedTool>): (name: ToolName) => FleetTool {
  const checker = createArgumentChecker();
  const prepared = new Map<string, FleetTool>();
  return (name) => {
    const known = prepared.get(name);
    if (known !== undefined) return known;
    const tool = tools.get(name);
    if (tool === undefined) return unknownTool(name);
    const made = fleetTool(tool, checker);
    prepared.set(name, made);
    return made;
  };
}

function fleetTool(tool: CheckedTool, checker: ArgumentChecker): FleetTool {
  const { name, tier, argumentSchema } = tool;
  return {
    name,
    known: true,
    tier,
    checkArguments: argumentSchema === null ? () => [] : checker.of(argumentSchema),
    costMicroUsd: costReader(tool),
    targetsOf: targetsReader(tool),
  };
}

function unknownTool(name: ToolName): FleetTool {
  return {
    name,
    known: false,
    tier: 'destructive',
    checkArguments: () => [],
    costMicroUsd: () => null,
    targetsOf: () => [],
  };
}
