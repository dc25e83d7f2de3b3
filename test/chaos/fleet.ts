/** The fleet under chaos: ceilings that are hit all the time, of each agent and of all together. */
import type { BudgetRule } from './checker/history.ts';

export const AGENTS: readonly string[] = Array.from({ length: 12 }, (_, index) => `agent-${index}`);

export const WINDOW_MS = 10_000;

/** What limits.yaml below says. */
export const BUDGETS: readonly BudgetRule[] = [
  rule({ id: 'updates', ceiling: 300, tools: ['crm.update'] }),
  rule({ id: 'mails', ceiling: 12, windowMs: WINDOW_MS, tools: ['mail.send'] }),
  rule({ id: 'spend', unit: 'microUsd', ceiling: 60_000, tools: ['payments.send'] }),
  rule({ id: 'deletes', ceiling: 1, tools: ['crm.delete'] }),
  rule({
    id: 'all-mails',
    ceiling: 40,
    windowMs: WINDOW_MS,
    holder: 'shared',
    tools: ['mail.send'],
  }),
];

function rule(own: Pick<BudgetRule, 'id' | 'ceiling' | 'tools'> & Partial<BudgetRule>): BudgetRule {
  return { unit: 'calls', windowMs: null, holder: 'agent', ...own };
}

export const FLEET: Readonly<Record<string, string>> = {
  'agents.yaml': `agents:\n${AGENTS.map((agent) => `  ${agent}: {}\n`).join('')}`,
  'tools.yaml': `
tools:
  crm.read: { tier: read }
  crm.update: { tier: write }
  mail.send: { tier: write }
  crm.delete: { tier: destructive }
  payments.send:
    tier: financial
    arguments:
      type: object
      properties: { amountMicroUsd: { type: integer, minimum: 1 }, note: { type: integer } }
      required: [amountMicroUsd]
    cost: { microUsd: /amountMicroUsd }
`,
  'limits.yaml': `
budgets:
  - { id: updates, scope: { agent: "*", tool: "crm.update" }, unit: calls, ceiling: 300, window: lifetime }
  - { id: mails, scope: { agent: "*", tool: "mail.send" }, unit: calls, ceiling: 12, window: 10s }
  - { id: spend, scope: { agent: "*", tool: "payments.send" }, unit: microUsd, ceiling: 60000, window: lifetime }
  - { id: deletes, scope: { agent: "*", tool: "crm.delete" }, unit: calls, ceiling: 1, window: lifetime }
  - { id: all-mails, scope: { tool: "mail.send" }, unit: calls, ceiling: 40, window: 10s }
`,
  'people.yaml': 'people:\n  dana@example.com: { role: admin }\n',
  'policies/fleet.cedar': `
@id("reads") permit (principal, action in Action::"tier-read", resource);
@id("writes") permit (principal, action in Action::"tier-write", resource);
@id("payments") permit (principal, action in Action::"tier-financial", resource);
@id("deletes")
@expires("2s")
permit (principal, action in Action::"tier-destructive", resource) when { context.approval.granted };
`,
};
