/** The rules of a fleet, asked in the decider's words and answered by Cedar. */
import type { CedarResult } from '../cedar/policy-set.ts';
import type { CedarRequest } from '../cedar/request.ts';
import type { CedarEntity, CedarRecord } from '../cedar/values.ts';
import type { FleetAgent, RuleAnnotations, RuleAnswer, RuleEngine, RuleRequest } from '../fleet.ts';
import { type ArgumentConverter, compileConverter, refusalOf } from './argument-converter.ts';
import type { CheckedPolicy, CheckedTool } from './checked-fleet.ts';
import { NO_ANNOTATIONS } from './rule-annotations.ts';
import {
  agentEntity,
  approvalRecord,
  contextOf,
  createLazyParts,
  type LazyParts,
  toolEntity,
} from './rule-context.ts';

export interface RuleEngineParts {
  readonly policies: readonly CheckedPolicy[];
  readonly tools: ReadonlyMap<string, CheckedTool>;
  /** Cedar's answer, compiled or from cedar-wasm. */
  readonly evaluate: (request: CedarRequest) => CedarResult;
}

/** What the engine keeps of a tool once it has been asked about. */
interface PreparedTool {
  readonly entity: CedarEntity;
  readonly convert: ArgumentConverter;
}

export function createRuleEngine({ policies, tools, evaluate }: RuleEngineParts): RuleEngine {
  const annotationsById = new Map(policies.map((one) => [one.id, one.parsedAnnotations]));
  const prepare = toolPreparer(tools);
  const entityOf = agentEntities();
  const lazy = createLazyParts();
  return {
    begin: (request) => {
      const refusal = refusalOf(request.arguments);
      if (refusal !== undefined) return { evaluate: () => refused(refusal) };
      return beginEvaluation(request, {
        principal: entityOf(request.agent),
        tool: prepare(request.tool.name),
        lazy,
        evaluate,
      });
    },
    annotationsOf: (ruleId): RuleAnnotations => annotationsById.get(ruleId) ?? NO_ANNOTATIONS,
  };
}

interface Prepared extends Pick<RuleEngineParts, 'evaluate'> {
  readonly principal: CedarEntity;
  readonly tool: PreparedTool;
  readonly lazy: LazyParts;
}

function beginEvaluation(
  request: RuleRequest,
  { principal, tool, lazy, evaluate }: Prepared,
): ReturnType<RuleEngine['begin']> {
  const context = contextOf(request, tool.convert(request.arguments), lazy);
  const question = { principal, action: request.tool.name, resource: tool.entity, context };
  return {
    evaluate: (approvalGranted) => {
      lazy.show(request);
      context.approval = approvalRecord(approvalGranted);
      return answerOf(evaluate(question));
    },
  };
}

/** Cedar passes over rules that fail; here a failure denies. */
function answerOf({ decision, determining, errors }: CedarResult): RuleAnswer {
  if (errors.length === 0) return { decision, determining, errors: NO_ERRORS };
  return {
    decision: 'deny',
    determining: decision === 'deny' ? determining : [],
    errors: errors.map(({ policyId, message }) => ({ ruleId: policyId, message })),
  };
}

const NO_ERRORS: RuleAnswer['errors'] = [];

function refused(message: string): RuleAnswer {
  return { decision: 'deny', determining: [], errors: [{ ruleId: '', message }] };
}

/** Tools by name, prepared when first asked about; only those of the catalogue are remembered. */
function toolPreparer(tools: ReadonlyMap<string, CheckedTool>): (name: string) => PreparedTool {
  const prepared = new Map<string, PreparedTool>();
  return (name) => {
    const known = prepared.get(name);
    if (known !== undefined) return known;
    const tool = tools.get(name);
    if (tool === undefined) return unknownTool(name);
    const made = {
      entity: toolEntity(name, { targets: tool.targets, undoable: tool.undo !== null }),
      convert: compileConverter(tool.argumentType.fields),
    };
    prepared.set(name, made);
    return made;
  };
}

/** Of a tool outside the catalogue rules see the name only. */
function unknownTool(name: string): PreparedTool {
  const entity = toolEntity(name, { targets: [], undoable: false });
  return { entity, convert: (): CedarRecord => ({}) };
}

/** Entities of agents, kept as long as the agents themselves. */
function agentEntities(): (agent: FleetAgent) => CedarEntity {
  const entities = new WeakMap<FleetAgent, CedarEntity>();
  return (agent) => {
    const known = entities.get(agent);
    if (known !== undefined) return known;
    const made = agentEntity(agent);
    entities.set(agent, made);
    return made;
  };
}
