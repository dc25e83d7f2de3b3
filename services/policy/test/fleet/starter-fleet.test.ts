import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkFleet } from '../../src/adapters/fleet/check-fleet.ts';
import { type CompiledFleet, compileFleet } from '../../src/adapters/fleet/compile-fleet.ts';
import { readFleetFolder } from '../../src/adapters/fleet/fleet-folder.ts';
import type { JsonObject } from '../../src/domain/fleet.ts';
import { requestOf, verdictOf } from './fleet-files.ts';

const FOLDER = fileURLToPath(new URL('../../../../infra/fleet', import.meta.url));

let fleet: CompiledFleet;
let warnings: readonly unknown[];

beforeAll(async () => {
  const read = await readFleetFolder(FOLDER);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const answer = await checkFleet(read.files);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems));
  warnings = [...read.warnings, ...answer.warnings];
  fleet = await compileFleet(answer.bundle);
});

const MAIL = { to: 'ana@globex.example', subject: 'Order', body: 'It is on its way.' };
const PAYMENT = { to: 'ana@globex.example', amountMicroUsd: 20_000_000 };

describe('the starter fleet', () => {
  it('passes its check without a warning, and every rule is compiled', () => {
    expect([warnings, fleet.slowRules]).toEqual([[], []]);
    expect(fleet.agentById.size).toBe(13);
  });

  it.each<[string, string, JsonObject, string]>([
    ['research-bot', 'crm.search', { query: 'globex' }, 'allow'],
    ['report-bot', 'db.query', { sql: 'select * from orders' }, 'allow'],
    ['report-bot', 'db.query', { sql: 'select 1; drop table orders' }, 'deny'],
    ['report-bot', 'db.query', { sql: 'delete from orders' }, 'deny'],
    ['research-bot', 'mail.read', { folder: 'inbox' }, 'deny'],
    ['hr-bot', 'files.read', { path: 'handbook/travel.md' }, 'allow'],
    ['hr-bot', 'files.read', { path: 'handbook/../secrets' }, 'deny'],
    ['support-bot', 'mail.send', MAIL, 'allow'],
    ['billing-bot', 'mail.send', MAIL, 'deny'],
    ['billing-bot', 'invoices.send', { invoiceId: 'inv-1', to: MAIL.to }, 'allow'],
    ['data-bot', 'files.write', { path: 'reports/a.csv', content: '' }, 'allow'],
    ['data-bot', 'files.write', { path: 'handbook/a.md', content: '' }, 'deny'],
    ['crm-bot', 'crm.delete', { id: 'c-1' }, 'approval'],
    ['support-bot', 'crm.delete', { id: 'c-1' }, 'deny'],
    ['data-bot', 'db.execute', { sql: 'update orders set x = 1' }, 'approval'],
    ['refund-bot', 'payments.send', PAYMENT, 'approval'],
    ['refund-bot', 'payments.send', { ...PAYMENT, amountMicroUsd: 6_000_000_000 }, 'deny'],
    ['support-bot', 'payments.send', PAYMENT, 'deny'],
    ['support-bot', 'shell.run', { command: 'ls' }, 'deny'],
  ])('%s and %s of %o: %s', (agent, tool, args, verdict) => {
    expect(verdictOf(fleet, { agent, tool, arguments: args })).toBe(verdict);
    const { tool: known, arguments: given } = requestOf(fleet, { agent, tool, arguments: args });
    expect(known.checkArguments(given)).toEqual([]);
  });

  it('asks a person when the destination came from tool output', () => {
    const ask = { agent: 'support-bot', tool: 'mail.send', arguments: MAIL };
    expect(verdictOf(fleet, { ...ask, untrusted: ['/body'] })).toBe('allow');
    expect(verdictOf(fleet, { ...ask, untrusted: ['/to'] })).toBe('approval');
    const copied = { ...MAIL, cc: ['x@evil.example'] };
    const untrusted = ['/cc/0', '/cc'];
    expect(verdictOf(fleet, { ...ask, arguments: copied, untrusted })).toBe('approval');
  });

  it('asks a person about a mailing', () => {
    const none = { calls: 0, denied: 0, errors: 0, microUsd: 0, targets: 0 };
    const recent = { minute: none, hour: { ...none, targets: 201 }, day: none };
    expect(
      verdictOf(fleet, { agent: 'sales-bot', tool: 'mail.send', arguments: MAIL, recent }),
    ).toBe('approval');
  });

  it('bounds what is deleted and paid', () => {
    const { agent, tool } = requestOf(fleet, { agent: 'billing-bot', tool: 'crm.delete' });
    const { budgets } = fleet.limitsOf(agent, tool.name);
    expect(budgets.find(({ id }) => id === 'deletions-per-day')?.ceiling).toBe(20);
    const payment = requestOf(fleet, { agent: 'refund-bot', tool: 'payments.send' });
    expect(payment.tool.costMicroUsd(PAYMENT)).toBe(20_000_000);
    const limits = fleet.limitsOf(payment.agent, payment.tool.name);
    expect(limits.budgets.map(({ id }) => id)).toContain('payments-per-day');
  });
});
