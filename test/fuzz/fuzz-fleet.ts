/** A small fleet in which every kind of rule and limit is met often. */

import { checkPolicyFiles } from '@estop/policy/adapters/cedar/policy-check';
import { checkFleet } from '@estop/policy/adapters/fleet/check-fleet';
import { type CompiledFleet, compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';

export const FLEET_FILES: Readonly<Record<string, string>> = {
  'agents.yaml': `
agents:
  billing-bot: { owner: dana@example.com, groups: [finance], attributes: { env: prod } }
  ops-bot: { groups: [support] }
`,
  'tools.yaml': `
tools:
  crm.read: { tier: read }
  crm.update:
    tier: write
    targets: [/id]
    arguments:
      type: object
      properties: { id: { type: string }, name: { type: string, maxLength: 50 } }
      required: [id]
  crm.delete: { tier: destructive }
  payments.send:
    tier: financial
    arguments:
      type: object
      properties: { to: { type: string }, amountMicroUsd: { type: integer } }
      required: [to, amountMicroUsd]
    cost: { microUsd: /amountMicroUsd }
`,
  'limits.yaml': `
budgets:
  - { id: own-spend, scope: { agent: "*" }, unit: microUsd, ceiling: 4000000000000000, window: lifetime }
  - { id: own-calls, scope: { agent: "*", tool: "crm.*" }, unit: calls, ceiling: 12, window: 1h }
  - { id: all-calls, scope: { fleet: true, tool: crm.update }, unit: calls, ceiling: 20, window: lifetime }
  - { id: shared-spend, scope: { group: finance, tool: payments.send }, unit: microUsd, ceiling: 1000, window: day }
rates:
  - { id: own-rate, scope: { agent: "*" }, limit: 30, window: 1m }
  - { id: shared-rate, scope: { fleet: true, tool: crm.delete }, limit: 10, window: 1m }
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
@id("deletes") @expires("2s")
permit (principal, action in Action::"tier-destructive", resource) when { context.approval.granted };
@id("payments") @approvers("finance-leads") @quorum("2")
permit (principal, action == Action::"payments.send", resource) when { context.approval.granted };
@id("much") forbid (principal, action, resource) when { context.recent.hour.denied > 40 };
`,
};

export async function loadFuzzFleet(): Promise<CompiledFleet> {
  const checked = await checkFleet(new Map(Object.entries(FLEET_FILES)), checkPolicyFiles);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems, null, 2));
  return compileFleet(checked.bundle);
}
