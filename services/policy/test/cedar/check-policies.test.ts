import { describe, expect, it } from 'vitest';
import { checkPolicies, POLICY_BYTES_MAX } from '../../src/adapters/cedar/check-policies.ts';
import type { PolicyCheck } from '../../src/adapters/cedar/policy-check.ts';

const SCHEMA = `entity Group; entity Tool;
  entity Agent in [Group] { owner: String };
  action "crm.read" appliesTo {
    principal: [Agent], resource: [Tool], context: { amount: Long, note?: String }
  };`;

function check(...texts: readonly string[]): Promise<PolicyCheck> {
  const files = texts.map((text, n) => ({ path: `policies/${'ab'[n]}.cedar`, text }));
  return checkPolicies({ files, schema: SCHEMA });
}

describe('checking policies', () => {
  it('gives ids, annotations, places and the exact long literals of a good file', async () => {
    const answer = await check(
      `// the first; still a comment
       @id("big") @reason("a \\"reason\\"; and more")
       permit(principal, action, resource) when { context.amount > 9223372036854775806 };
       forbid(principal, action, resource) when { context.amount == -9223372036854775808 };`,
    );
    expect(answer).toMatchObject({
      ok: true,
      policies: [
        { id: 'big', effect: 'permit', line: 2, annotations: { reason: 'a "reason"; and more' } },
        { id: 'policies/a#2', effect: 'forbid', line: 4, annotations: {} },
      ],
      warnings: [],
    });
    const body = (n: number) => (answer.ok ? answer.policies[n]?.est : undefined);
    expect(body(0)).toMatchObject({
      conditions: [{ body: { '>': { right: { Value: 9_223_372_036_854_775_806n } } } }],
    });
    expect(body(1)).toMatchObject({
      conditions: [{ body: { '==': { right: { Value: -9_223_372_036_854_775_808n } } } }],
    });
  });

  it('names file, line and column of a typo, with what was meant', async () => {
    const answer = await check(
      'permit(principal, action, resource);',
      `// ünïcode 😀\npermit(principal, action, resource)
  when { "é" != "" && context.amout > 1 };`,
    );
    expect(answer).toEqual({
      ok: false,
      problems: [
        {
          file: 'policies/b.cedar',
          line: 3,
          column: 23,
          message: 'attribute `amout` in context for Action::"crm.read" not found',
          hint: 'did you mean `amount`?',
        },
      ],
    });
  });

  it.each([
    ['a syntax error', 'permit(principal, action, resource) when { 1 + };', 'unexpected token `}`'],
    ['a type error', 'permit(principal, action, resource) when { context.amount > "1" };', 'Long'],
    [
      'an unguarded optional',
      'permit(principal, action, resource) when { context.note == "" };',
      'note',
    ],
    ['an unknown action', 'permit(principal, action == Action::"crm.raed", resource);', 'crm.raed'],
    ['a template', 'permit(principal == ?principal, action, resource);', 'template'],
  ])('refuses %s', async (_name, text, expected) => {
    const answer = await check(text);
    expect(answer.ok).toBe(false);
    expect(answer.ok ? [] : answer.problems.map(({ message }) => message).join()).toContain(
      expected,
    );
  });

  it('refuses the same id twice and says where the first is', async () => {
    const policy = '@id("twice") permit(principal, action, resource);';
    expect(await check(policy, `\n${policy}`)).toMatchObject({
      ok: false,
      problems: [
        { file: 'policies/b.cedar', line: 2, hint: 'it is first used at policies/a.cedar:1' },
      ],
    });
  });

  it('warns of a policy that can never apply', async () => {
    const answer = await check('permit(principal is Group, action, resource);');
    expect(answer.ok && answer.warnings.some(({ message }) => message.includes('impossible'))).toBe(
      true,
    );
  });

  it('refuses a schema that does not parse', async () => {
    const answer = await checkPolicies({ files: [], schema: 'entity {' });
    expect(answer).toMatchObject({ ok: false, problems: [{ file: 'schema', line: 1 }] });
  });

  it('accepts a schema in JSON form', async () => {
    const schema = { '': { entityTypes: { A: {} }, actions: {} } };
    expect(await checkPolicies({ files: [], schema })).toMatchObject({ ok: true });
  });

  it('answers input that brings the checker down', async () => {
    const deep = `${'('.repeat(100_000)}true${')'.repeat(100_000)}`;
    expect(await check(`permit(principal, action, resource) when { ${deep} };`)).toMatchObject({
      ok: false,
      problems: [{ file: 'policies/a.cedar' }],
    });
    expect(await check(`// ${'x'.repeat(POLICY_BYTES_MAX)}`)).toMatchObject({ ok: false });
  });
});
