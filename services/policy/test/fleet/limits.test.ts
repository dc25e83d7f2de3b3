import type { ToolName } from '@estop/schemas/ids';
import { describe, expect, it } from 'vitest';
import { agentOf, fleetWith } from './fleet-files.ts';

const LIMITS = `budgets:
  - { id: everybody, scope: { agent: "*" }, unit: calls, ceiling: 9, window: lifetime }
  - { id: finance, scope: { agent: "*", group: finance }, unit: microUsd, ceiling: 8, window: month }
  - { id: one, scope: { agent: crm-bot }, unit: tokens, ceiling: 7, window: day }
rates:
  - { id: crm, scope: { agent: "*", tool: "crm.*" }, limit: 6, window: 90s }
  - { id: ends, scope: { agent: "*", tool: "*.send" }, limit: 5, window: 1h }
  - { id: both, scope: { fleet: true, agent: billing-bot, tool: crm.read }, limit: 4, window: 7d }
`;

describe('the limits that count a call', () => {
  it.each([
    ['billing-bot', 'crm.read', ['everybody', 'finance', 'crm', 'both']],
    ['billing-bot', 'payments.send', ['everybody', 'finance', 'ends']],
    ['crm-bot', 'crm.read', ['everybody', 'one', 'crm']],
    ['crm-bot', 'crm.unknown', ['everybody', 'one', 'crm']],
    ['crm-bot', 'unknown', ['everybody', 'one']],
  ])('of %s and %s', async (agent, tool, ids) => {
    const fleet = await fleetWith({ 'limits.yaml': LIMITS });
    const { budgets, rates } = fleet.limitsOf(agentOf(fleet, agent), tool as ToolName);
    expect([...budgets, ...rates].map(({ id }) => id)).toEqual(ids);
    expect(fleet.limitsOf(agentOf(fleet, agent), tool as ToolName).budgets).toBe(budgets);
  });

  it('of an agent are all that can count it', async () => {
    const fleet = await fleetWith({ 'limits.yaml': LIMITS });
    const { budgets, rates } = fleet.limitsOfAgent(agentOf(fleet, 'crm-bot'));
    expect([...budgets, ...rates].map(({ id }) => id)).toEqual(['everybody', 'one', 'crm', 'ends']);
  });

  it('carry their windows', async () => {
    const fleet = await fleetWith({ 'limits.yaml': LIMITS });
    const { budgets, rates } = fleet.limitsOfAgent(agentOf(fleet, 'billing-bot'));
    expect(budgets.map(({ window, windowText }) => [window, windowText])).toEqual([
      [{ kind: 'lifetime' }, 'lifetime'],
      [{ kind: 'month' }, 'month'],
    ]);
    expect(rates.map(({ windowMs }) => windowMs)).toEqual([90_000, 3_600_000, 604_800_000]);
  });

  it('are shared by all agents in their scope when they name none', async () => {
    const fleet = await fleetWith({
      'limits.yaml': `budgets:
  - { id: finance, scope: { group: finance }, unit: calls, ceiling: 9, window: 1h }
  - { id: own, scope: { agent: "*" }, unit: calls, ceiling: 8, window: 1h }
rates:
  - { id: fleet, scope: { fleet: true }, limit: 7, window: 90s }
  - { id: crm, scope: { tool: "crm.*" }, limit: 6, window: 90s }
`,
    });
    const idsOf = (agent: string, tool: string) => {
      const { budgets, rates } = fleet.limitsOf(agentOf(fleet, agent), tool as ToolName);
      return [...budgets, ...rates].filter(({ shared }) => shared).map(({ id }) => id);
    };
    expect(idsOf('billing-bot', 'crm.read')).toEqual(['finance', 'fleet', 'crm']);
    expect(idsOf('crm-bot', 'payments.send')).toEqual(['fleet']);
    expect([...fleet.sharedBudgetById.keys()]).toEqual(['finance']);
    expect([...fleet.sharedRateById.keys()]).toEqual(['fleet', 'crm']);
  });
});
