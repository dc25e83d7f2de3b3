/** A hundred agents that share two ceilings of 37 calls. */
export const SWARM = Array.from({ length: 100 }, (_, n) => `swarm-${n}`);
export const SWARM_CEILING = 37;

/** The fleet of the end-to-end scenarios. */
export const FLEET: Readonly<Record<string, string>> = {
  'agents.yaml': `
agents:
  billing-bot: { owner: dana@example.com, groups: [finance], attributes: { env: prod } }
  crm-bot: {}
${SWARM.map((id) => `  ${id}: { groups: [swarm] }`).join('\n')}
`,
  'tools.yaml': `
tools:
  crm.read: { tier: read }
  crm.update:
    tier: write
    arguments:
      type: object
      properties: { id: { type: string }, name: { type: string, maxLength: 50 } }
      required: [id]
  crm.delete: { tier: destructive }
  payments.send:
    tier: financial
    arguments:
      type: object
      properties: { to: { type: string }, amountMicroUsd: { type: integer, minimum: 1 } }
      required: [to, amountMicroUsd]
    cost: { microUsd: /amountMicroUsd }
  secrets.read: { tier: read }
  swarm.quiet: { tier: read }
  swarm.killed: { tier: read }
`,
  'limits.yaml': `
budgets:
  - { id: spend, scope: { agent: "*" }, unit: microUsd, ceiling: 1000, window: lifetime }
  - { id: quiet, scope: { group: swarm, tool: swarm.quiet }, unit: calls, ceiling: ${SWARM_CEILING}, window: lifetime }
  - { id: killed, scope: { group: swarm, tool: swarm.killed }, unit: calls, ceiling: ${SWARM_CEILING}, window: lifetime }
rates:
  - { id: updates, scope: { agent: "*", tool: "crm.update" }, limit: 5, window: 1h }
`,
  'people.yaml': `
people:
  dana@example.com: { role: admin, groups: [finance-leads] }
  erin@example.com: { role: approver, groups: [finance-leads] }
  vic@example.com: { role: viewer }
`,
  'policies/fleet.cedar': `
@id("reads") permit (principal, action in Action::"tier-read", resource);
@id("writes") permit (principal, action in Action::"tier-write", resource);
@id("deletes")
@expires("2s")
permit (principal, action in Action::"tier-destructive", resource) when { context.approval.granted };
@id("payments") @approvers("finance-leads") @quorum("2") @reason("money needs two people")
permit (principal, action == Action::"payments.send", resource) when { context.approval.granted };
@id("no-secrets") @reason("secrets are for people")
forbid (principal, action == Action::"secrets.read", resource);
`,
};
