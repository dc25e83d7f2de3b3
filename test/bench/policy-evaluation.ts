/**
 * Policy evaluations per second: compiled policies, and cedar-wasm beside them in the same run.
 * Building the request out of a decoded intent is inside the timing.
 *
 * npx tsx --conditions=@estop/source test/bench/policy-evaluation.ts
 */
import { pathToFileURL } from 'node:url';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { createCedarOracle } from '@estop/policy/adapters/cedar/cedar-oracle';
import { splitPolicies, withExactIntegers } from '@estop/policy/adapters/cedar/policy-text';
import {
  type CedarResult,
  type CompileOptions,
  compilePolicies,
  evaluate,
} from '@estop/policy/domain/cedar/policy-set';
import type { CedarRequest } from '@estop/policy/domain/cedar/request';
import { type CedarRecord, EntityUid } from '@estop/policy/domain/cedar/values';

export interface PolicyEvaluationRow {
  readonly rules: number;
  readonly engine: 'compiled' | 'cedar-wasm';
  readonly evaluationsPerSecond: number;
}

const TOOLS = 20;
const AGENTS = 200;
const INTENTS = 10_000;
const ROUNDS = 5;
const COMPILED_EVALUATIONS = 1_000_000;
const WASM_EVALUATIONS = 1_000;
const TIERS = ['read', 'write', 'destructive', 'financial'] as const;

/**
 * Evaluations a second of processor time, so that other work on the machine counts less: the
 * median of several rounds, for 36 and for 1,036 rules.
 */
export async function benchPolicyEvaluation(): Promise<readonly PolicyEvaluationRow[]> {
  return [36, 1_036].flatMap((rules) => {
    const policies = readPolicies(benchPolicies(rules));
    const set = compilePolicies(policies, OPTIONS);
    const oracle = createCedarOracle(policies, OPTIONS);
    const compiled = measure(COMPILED_EVALUATIONS, (request) => evaluate(set, request));
    const wasm = measure(WASM_EVALUATIONS, oracle.evaluate);
    oracle.close();
    return [
      { rules, engine: 'compiled' as const, evaluationsPerSecond: compiled },
      { rules, engine: 'cedar-wasm' as const, evaluationsPerSecond: wasm },
    ];
  });
}

/** What the door has decoded: the shape the request is made from, inside the timing. */
interface Intent {
  readonly agent: string;
  readonly tool: string;
  readonly arguments: CedarRecord;
  readonly hour: number;
}

interface Agent {
  readonly uid: EntityUid;
  readonly parents: readonly EntityUid[];
  readonly attributes: CedarRecord;
}

const tools = Array.from({ length: TOOLS }, (_, n) => `tool-${n}`);
const tierOf = (n: number): string => TIERS[n % TIERS.length] ?? 'read';
const OPTIONS: CompileOptions = {
  actionGroups: new Map(tools.map((tool, n) => [tool, [`tier-${tierOf(n)}`]])),
  unknownActionGroups: ['tier-destructive'],
};
const resourceByTool = new Map(tools.map((tool) => [tool, { uid: new EntityUid('Tool', tool) }]));
const tierByTool = new Map(tools.map((tool, n) => [tool, tierOf(n)]));
const agentById = new Map<string, Agent>(
  Array.from({ length: AGENTS }, (_, n) => [
    `agent-${n}`,
    {
      uid: new EntityUid('Agent', `agent-${n}`),
      parents: [new EntityUid('Group', `group-${n % 5}`), new EntityUid('Group', 'staff')],
      attributes: { owner: 'dana@example.com', attributes: { env: n % 3 === 0 ? 'prod' : 'dev' } },
    },
  ]),
);
const NO_APPROVAL = { granted: false };
const NO_SUBJECT: Agent = { uid: new EntityUid('Agent', 'nobody'), parents: [], attributes: {} };

function requestOf(intent: Intent): CedarRequest {
  return {
    principal: agentById.get(intent.agent) ?? NO_SUBJECT,
    action: intent.tool,
    resource: resourceByTool.get(intent.tool) ?? { uid: new EntityUid('Tool', intent.tool) },
    context: {
      tier: tierByTool.get(intent.tool) ?? 'destructive',
      arguments: intent.arguments,
      approval: NO_APPROVAL,
      untrusted: [],
      session: 's1',
      hour: intent.hour,
      weekday: 3,
      recent: { minute: { calls: intent.hour, microUsd: 1_000 } },
    },
  };
}

function measure(evaluations: number, decide: (request: CedarRequest) => CedarResult): number {
  const intents = benchIntents();
  let allowed = 0;
  const round = (): number => {
    const before = process.cpuUsage();
    for (let n = 0; n < evaluations; n += 1) {
      const intent = intents[n % intents.length];
      if (intent !== undefined && decide(requestOf(intent)).decision === 'allow') allowed += 1;
    }
    const { user, system } = process.cpuUsage(before);
    return evaluations / ((user + system) / 1_000_000);
  };
  const rates = Array.from({ length: ROUNDS }, round).sort((a, b) => a - b);
  if (allowed === 0) throw new Error('the policies of the benchmark allow nothing');
  return Math.round(rates[ROUNDS >> 1] ?? 0);
}

/** The same intents every time: a plain congruential sequence is random enough here. */
function benchIntents(): Intent[] {
  let state = 1;
  const below = (limit: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
  return Array.from({ length: INTENTS }, () => ({
    agent: `agent-${below(AGENTS)}`,
    tool: `tool-${below(TOOLS)}`,
    arguments: {
      amountMicroUsd: below(10_000_000),
      recipient: `partner-${below(250)}@example.com`,
      path: below(4) === 0 ? '/etc/passwd' : `/srv/data/${below(100)}.csv`,
      dryRun: below(2) === 0,
    },
    hour: below(24),
  }));
}

/** Thirty-six rules of the usual kinds; more of them are spread over the tools. */
function benchPolicies(rules: number): string {
  const recipients = Array.from({ length: 200 }, (_, n) => `"partner-${n}@example.com"`).join();
  const general = [
    'permit(principal, action in Action::"tier-read", resource);',
    'forbid(principal, action in Action::"tier-destructive", resource)' +
      ' unless { context.approval.granted };',
    'forbid(principal, action, resource) when { context.recent.minute.calls > 1000 };',
    'forbid(principal, action in Action::"tier-financial", resource)' +
      ` unless { [${recipients}].contains(context.arguments.recipient) };`,
    'forbid(principal, action in Action::"tier-write", resource)' +
      ' when { context.arguments.path like "/etc/*" };',
    'forbid(principal, action in Action::"tier-financial", resource)' +
      ' when { context.hour < 6 || context.hour >= 22 } unless { context.approval.granted };',
  ];
  const perTool = Array.from({ length: rules - general.length }, (_, n) => {
    const action = `Action::"tool-${n % TOOLS}"`;
    switch (Math.floor(n / TOOLS) % 3) {
      case 0:
        return `permit(principal in Group::"group-${n % 5}", action == ${action}, resource)
          when { context.arguments.amountMicroUsd <= ${1_000_000 + n} && context.hour >= 6 };`;
      case 1:
        return `permit(principal in Group::"staff", action == ${action}, resource) when
          { principal.attributes.env == "dev" && context.arguments.path like "/srv/*/${n}*" };`;
      default:
        return `forbid(principal, action == ${action}, resource) when
          { context.arguments has dryRun && !context.arguments.dryRun
            && context.arguments.amountMicroUsd > ${9_000_000 + n} };`;
    }
  });
  return [...general, ...perTool].join('\n');
}

function readPolicies(text: string) {
  return splitPolicies(text).map((source, n) => {
    const exact = withExactIntegers(source.text);
    const answer = cedar.policyToJson(exact.text);
    if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
    const est = exact.restore(answer.json);
    return { id: `rule-${n}`, effect: answer.json.effect, annotations: {}, est, text: source.text };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const row of await benchPolicyEvaluation()) console.log(JSON.stringify(row));
}
