/** The fleet that log and HTTP benchmarks decide by: 13 agents, 20 tools, 36 rules, real limits. */

const AGENTS = 13;
const TOOLS = 20;

export function benchFleet(agents = AGENTS, limits = PRIVATE_LIMITS): ReadonlyMap<string, string> {
  const names = Array.from({ length: agents }, (_, index) => `agent-${index}`);
  return new Map([
    [
      'agents.yaml',
      JSON.stringify({
        agents: Object.fromEntries(names.map((name) => [name, { groups: ['bench'] }])),
      }),
    ],
    [
      'tools.yaml',
      JSON.stringify({
        tools: Object.fromEntries(
          Array.from({ length: TOOLS }, (_, index) => [`tool.${index}`, toolOf(index)]),
        ),
      }),
    ],
    ['limits.yaml', limits],
    ['people.yaml', 'people: { dana@example.com: { role: approver } }\n'],
    ['policies/bench.cedar', policies()],
  ]);
}

function toolOf(index: number): object {
  const tier = (['read', 'read', 'write', 'write', 'financial'] as const)[index % 5];
  return {
    tier,
    arguments: {
      type: 'object',
      properties: {
        id: { type: 'string', maxLength: 64 },
        amountMicroUsd: { type: 'integer', minimum: 0 },
        note: { type: 'string' },
      },
      required: ['id'],
    },
    ...(tier === 'financial' ? { cost: { microUsd: '/amountMicroUsd' } } : {}),
  };
}

/** Each agent has its own. */
export const PRIVATE_LIMITS = `
budgets:
  - { id: spend, scope: { agent: "*" }, unit: microUsd, ceiling: 4000000000000000, window: day }
  - { id: calls, scope: { agent: "*" }, unit: calls, ceiling: 4000000000000000, window: day }
rates:
  - { id: writes, scope: { agent: "*", tool: "tool.*" }, limit: 1000000000, window: 1h }
`;

/** All agents share them. */
export const SHARED_LIMITS = `
budgets:
  - { id: spend, scope: { fleet: true }, unit: microUsd, ceiling: 4000000000000000, window: day }
  - { id: calls, scope: { fleet: true }, unit: calls, ceiling: 4000000000000000, window: day }
rates:
  - { id: writes, scope: { fleet: true }, limit: 1000000000, window: 1h }
`;

/** Three grants that cover everything and 33 rules on single tools. */
function policies(): string {
  const grants = [
    '@id("reads") permit (principal, action in Action::"tier-read", resource);',
    '@id("writes") permit (principal in Group::"bench", action in Action::"tier-write", resource) when { context.hour < 24 };',
    '@id("money") permit (principal, action in Action::"tier-financial", resource) when { context.arguments has amountMicroUsd && context.arguments.amountMicroUsd <= 1000000 };',
  ];
  const rules = Array.from({ length: 33 }, (_, index) => {
    const tool = index % TOOLS;
    return `@id("rule-${index}") forbid (principal, action == Action::"tool.${tool}", resource) when { context.arguments.id like "blocked-${index}-*" || context.untrusted.contains("/id") };`;
  });
  return [...grants, ...rules].join('\n');
}
