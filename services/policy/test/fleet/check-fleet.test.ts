import { describe, expect, it } from 'vitest';
import { checkFleet } from '../../src/adapters/fleet/check-fleet.ts';
import { filesWith, problemsWith, warningsWith } from './fleet-files.ts';

describe('checking a fleet', () => {
  it('accepts a valid one without a warning', async () => {
    expect(await checkFleet(filesWith({}))).toMatchObject({ ok: true, warnings: [] });
  });

  it('gives the same files the same hash, in whatever order they come', async () => {
    const [one, two] = await Promise.all([
      checkFleet(filesWith({})),
      checkFleet(new Map([...filesWith({})].reverse())),
    ]);
    expect(one.ok && two.ok && one.bundle.hash === two.bundle.hash).toBe(true);
  });

  it('yields plain data', async () => {
    const answer = await checkFleet(filesWith({}));
    expect(answer.ok && structuredClone(answer.bundle)).toEqual(answer.ok && answer.bundle);
  });
});

interface Mistake {
  readonly what: string;
  readonly file: string;
  readonly text: string;
  /** `line:column message`, then the hint. */
  readonly found: string;
  readonly hint?: string;
}

const MISTAKES: readonly Mistake[] = [
  {
    what: 'a number of probes out of bounds',
    file: 'breakers.yaml',
    text: 'agents:\n  billing-bot:\n    ladder: { probes: 0 }\n',
    found: '3:15 agents.billing-bot.ladder.probes must be a whole number from 1 to 100, not 0',
  },
  {
    what: 'a threshold without its limit',
    file: 'breakers.yaml',
    text: 'defaults:\n  thresholds:\n    - { measure: calls, window: 1m }\n',
    found: '3:7 defaults.thresholds[0] needs "limit"',
  },
  {
    what: 'a misspelt key',
    file: 'agents.yaml',
    text: 'agents:\n  billing-bot: { ownr: dana@example.com, groups: [finance] }',
    found: '2:18 an agent has no "ownr"',
    hint: 'did you mean "owner"?',
  },
  {
    what: 'an agent id with a colon',
    file: 'agents.yaml',
    text: 'agents:\n  "a:b": { groups: [finance] }\n  b: { groups: [finance] }',
    found: '2:3 the agent "a:b" is not a name',
  },
  {
    what: 'attributes of two types',
    file: 'agents.yaml',
    text: 'agents:\n  a: { groups: [finance], attributes: { level: 3 } }\n  b: { attributes: { level: high } }',
    found: '3:22 the attribute "level" is a text here',
    hint: 'it is a whole number for a: one type for all agents',
  },
  {
    what: 'a public key of the wrong length',
    file: 'agents.yaml',
    text: 'agents:\n  a: { groups: [finance], publicKeys: { k1: abcd } }',
    found: '2:45 the public key "abcd" is not a raw Ed25519 key',
  },
  {
    what: 'an unknown tier',
    file: 'tools.yaml',
    text: 'tools:\n  crm.read: { tier: reed }',
    found: '2:21 the tier must be read, write, destructive or financial, not "reed"',
    hint: 'did you mean "read"?',
  },
  {
    what: 'a tool without a tier',
    file: 'tools.yaml',
    text: 'tools:\n  crm.read: {}',
    found: '2:13 a tool needs "tier"',
  },
  {
    what: 'a misspelt keyword of JSON Schema',
    file: 'tools.yaml',
    text: 'tools:\n  crm.read:\n    tier: read\n    arguments: { type: object, properties: { id: { type: string, patern: x } } }',
    found: '4:66 unknown keyword: "patern"',
    hint: 'did you mean "pattern"?',
  },
  {
    what: 'a pattern with look-ahead',
    file: 'tools.yaml',
    text: 'tools:\n  crm.read: { tier: read, arguments: { properties: { id: { type: string, pattern: "(?=x)" } } } }',
    found: '2:74 the pattern cannot be used',
    hint: 'patterns are RE2: no look-around and no back-references',
  },
  {
    what: 'a reference out of the schema',
    file: 'tools.yaml',
    text: 'tools:\n  crm.read: { tier: read, arguments: { properties: { id: { $ref: "https://example.com/s" } } } }',
    found: '2:60 $ref can only point into the same schema',
  },
  {
    what: 'a reference to nothing',
    file: 'tools.yaml',
    text: 'tools:\n  crm.read: { tier: read, arguments: { properties: { id: { $ref: "#/$defs/x" } } } }',
    found: "2:38 can't resolve reference #/$defs/x from id #",
  },
  {
    what: 'a required argument that is no property',
    file: 'tools.yaml',
    text: 'tools:\n  crm.read: { tier: read, arguments: { properties: { id: { type: string } }, required: [ids] } }',
    found: '2:89 "ids" is required but no property',
    hint: 'did you mean "id"?',
  },
  {
    what: 'an argument by which JSON could pose as an entity',
    file: 'tools.yaml',
    text: 'tools:\n  crm.read: { tier: read, arguments: { properties: { __entity: { type: string } } } }',
    found: '2:54 the name __entity is reserved',
  },
  {
    what: 'a target that is no argument',
    file: 'tools.yaml',
    text: 'tools:\n  crm.read: { tier: read, targets: [/recipent], arguments: { properties: { recipient: { type: string } } } }',
    found: '2:37 the tool has no argument "recipent"',
    hint: 'did you mean "recipient"?',
  },
  {
    what: 'a cost with a fraction',
    file: 'tools.yaml',
    text: 'tools:\n  crm.read: { tier: read, cost: { microUsd: 1.5 } }',
    found: '2:45 the cost must be a whole number without a fraction, not 1.5',
  },
  {
    what: 'a limit on an unknown agent',
    file: 'limits.yaml',
    text: 'budgets:\n  - { id: b, scope: { agent: biling-bot }, unit: calls, ceiling: 1, window: 1h }',
    found: '2:30 there is no agent "biling-bot"',
    hint: 'did you mean "billing-bot"?',
  },
  {
    what: 'a limit on an unknown tool',
    file: 'limits.yaml',
    text: 'rates:\n  - { id: r, scope: { agent: "*", tool: crm.raed }, limit: 1, window: 1h }',
    found: '2:41 there is no tool "crm.raed" in tools.yaml',
    hint: 'did you mean "crm.read"?',
  },
  {
    what: 'a limit on an unknown group',
    file: 'limits.yaml',
    text: 'rates:\n  - { id: r, scope: { agent: "*", group: finanze }, limit: 1, window: 1h }',
    found: '2:42 no agent is in a group "finanze"',
    hint: 'did you mean "finance"?',
  },
  {
    what: 'an unknown unit',
    file: 'limits.yaml',
    text: 'budgets:\n  - { id: b, scope: { agent: "*" }, unit: microUSD, ceiling: 1, window: 1h }',
    found: '2:43 the unit must be calls, tokens or microUsd, not "microUSD"',
    hint: 'did you mean "microUsd"?',
  },
  {
    what: 'a window of an unknown unit',
    file: 'limits.yaml',
    text: 'rates:\n  - { id: r, scope: { agent: "*" }, limit: 1, window: 5 min }',
    found: '2:55 the window "5 min" is not a time from 1s to 366d',
  },
  {
    what: 'a negative ceiling',
    file: 'limits.yaml',
    text: 'budgets:\n  - { id: b, scope: { agent: "*" }, unit: calls, ceiling: -1, window: 1h }',
    found: '2:59 the ceiling must be a whole number from 0 to 4000000000000000, not -1',
  },
  {
    what: 'an id used twice',
    file: 'limits.yaml',
    text: 'budgets:\n  - { id: b, scope: { agent: "*" }, unit: calls, ceiling: 1, window: 1h }\nrates:\n  - { id: b, scope: { agent: "*" }, limit: 1, window: 1h }',
    found: '4:11 the id "b" is used twice',
    hint: 'first in line 2',
  },
  {
    what: 'an unknown role',
    file: 'people.yaml',
    text: 'people:\n  dana@example.com: { role: adminn }',
    found: '2:29 the role must be viewer, approver, operator or admin, not "adminn"',
    hint: 'did you mean "admin"?',
  },
  {
    what: 'the person that is built in',
    file: 'people.yaml',
    text: 'people:\n  operator@local: { role: viewer }',
    found: '2:3 operator@local is built in',
  },
  {
    what: 'a tool that no policy can name',
    file: 'policies/rules.cedar',
    text: '// reads\npermit (principal, action == Action::"crm.raed", resource);',
    found: '2:',
    hint: 'did you mean "crm.read"?',
  },
  {
    what: 'an argument the tool does not have',
    file: 'policies/rules.cedar',
    text: 'permit (principal, action == Action::"crm.delete", resource)\nwhen { context.arguments.idd == "x" };',
    found: '2:8 attribute `arguments.idd`',
    hint: 'did you mean `id`?',
  },
  {
    what: 'an optional argument read without has',
    file: 'policies/rules.cedar',
    text: 'permit (principal, action == Action::"payments.send", resource)\nwhen { context.arguments.copies.contains("x") };',
    found: '2:8 unable to guarantee safety of access to optional attribute',
  },
  {
    what: 'a comparison of different types',
    file: 'policies/rules.cedar',
    text: 'permit (principal, action == Action::"payments.send", resource)\nwhen { context.arguments.to > 5 };',
    found: '2:8 unexpected type',
  },
  {
    what: 'text that is no Cedar',
    file: 'policies/rules.cedar',
    text: 'permit (principal, action, resource)\nwhen context.tier == "read" };',
    found: '2:6 unexpected token',
  },
  {
    what: 'a bad quorum',
    file: 'policies/rules.cedar',
    text: '\n@quorum("many")\npermit (principal, action, resource) when { context.approval.granted };',
    found: '2:1 @quorum("many") is not a number of people from 1 to 16',
  },
  {
    what: 'a bad expiry',
    file: 'policies/rules.cedar',
    text: '@expires("5 min")\npermit (principal, action, resource) when { context.approval.granted };',
    found: '1:1 @expires("5 min") is not a time from 1s to 7d',
  },
];

describe('a mistake is found with its place and what would be right', () => {
  it.each(MISTAKES)('$what', async ({ file, text, found, hint }) => {
    const problems = await problemsWith({ [file]: text });
    const lines = problems.map((one) => `${one.line}:${one.column} ${one.message}`);
    expect(problems.map((one) => one.file)).toEqual([file]);
    expect(lines[0]?.slice(0, found.length)).toBe(found);
    if (hint !== undefined) expect(problems[0]?.hint).toContain(hint);
  });
});

describe('YAML', () => {
  const wrong: Readonly<Record<string, string>> = {
    'a key given twice': 'agents:\n  a: { groups: [finance] }\n  a: {}',
    'a merge key': 'agents:\n  a: &a { groups: [finance] }\n  b: { <<: *a }',
    'a foreign tag': 'agents: !!set {}',
    'two documents': 'agents: {}\n---\nagents: {}',
    'text that is no YAML': 'agents: [',
    'a number for a name': 'agents:\n  7: { groups: [finance] }',
    'an alias without an anchor': 'agents: *nobody',
    'brackets without end': '['.repeat(100_000),
    'very deep maps': `agents: ${'{a: '.repeat(200)}${'}'.repeat(200)}`,
  };
  it.each(Object.keys(wrong))('refuses %s', async (what) => {
    const problems = await problemsWith({ 'agents.yaml': wrong[what] ?? '', 'limits.yaml': null });
    expect(problems.filter(({ file }) => file !== 'agents.yaml')).toEqual([]);
    expect(problems).not.toEqual([]);
  });

  it('refuses aliases that multiply', async () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const item = level === 0 ? 'x' : `*l${level - 1}`;
      return `  l${level}: &l${level} [${Array.from({ length: 9 }, () => item).join(', ')}]`;
    });
    const text = `agents:\n${levels.join('\n')}`;
    const [first] = await problemsWith({ 'agents.yaml': text, 'limits.yaml': null });
    expect(first?.message).toContain('aliases');
  });

  it('lets an anchor be used again', async () => {
    const text = 'agents:\n  billing-bot: &bot { groups: [finance] }\n  crm-bot: *bot\n';
    expect(await problemsWith({ 'agents.yaml': text })).toEqual([]);
  });
});

describe('what is probably not meant is a warning', () => {
  it('says what follows from a missing file', async () => {
    const nothing = { 'limits.yaml': null, 'people.yaml': null, 'policies/rules.cedar': null };
    const warnings = await warningsWith({ ...nothing, 'agents.yaml': null, 'tools.yaml': null });
    expect(warnings.map(({ message }) => message)).toEqual([
      'there is no agents.yaml: no agent is known',
      'there is no tools.yaml: every tool is unknown, and so destructive',
      'there are no policies: everything is denied',
    ]);
  });

  it.each([
    ['tool.yaml', 'this is no part of a fleet and is ignored', 'did you mean "tools.yaml"?'],
    ['policies/README.md', 'this is no part of a fleet and is ignored', undefined],
  ])('ignores %s', async (path, message, hint) => {
    const [warning] = await warningsWith({ [path]: 'anything' });
    expect(warning).toMatchObject({ file: path, message, ...(hint && { hint }) });
  });

  it('knows no way back by an unknown tool', async () => {
    const text = `tools:\n  crm.read: { tier: read }\n  crm.delete: { tier: destructive, undo: crm.raed }`;
    expect(await warningsWith({ 'tools.yaml': text })).toMatchObject([
      { line: 3, hint: 'did you mean "crm.read"?' },
    ]);
  });

  it('misses the group whose approval a rule wants', async () => {
    const text = `@approvers("finance-lead")\npermit (principal, action, resource) when { context.approval.granted };`;
    const [warning] = await warningsWith({ 'policies/rules.cedar': text });
    expect(warning).toMatchObject({ hint: 'did you mean "finance-leads"?' });
  });

  it('counts the people a quorum needs', async () => {
    const text = `@quorum("2")\npermit (principal, action, resource) when { context.approval.granted };`;
    const [warning] = await warningsWith({ 'policies/rules.cedar': text });
    expect(warning?.message).toBe('the rule asks for 2 people, but only 1 could approve');
  });

  it('notices a misspelt annotation', async () => {
    const text = `@aprovers("finance-leads")\npermit (principal, action, resource) when { context.approval.granted };`;
    const [warning] = await warningsWith({ 'policies/rules.cedar': text });
    expect(warning).toMatchObject({ hint: 'did you mean "approvers"?' });
  });

  it('notices a rule that can never apply', async () => {
    const text = `permit (principal, action, resource) when { context.tier == "read" && false };`;
    const [warning] = await warningsWith({ 'policies/rules.cedar': text });
    expect(warning?.file).toBe('policies/rules.cedar');
  });
});

describe('many tools', () => {
  it('are validated by kind, and a rule on a tier is still held against each kind', async () => {
    const tools = Array.from({ length: 300 }, (_, at) => {
      const type = at === 299 ? 'string' : 'integer';
      return `  t${at}: { tier: write, arguments: { properties: { n: { type: ${type} }, x${at}: { type: string } }, required: [n] } }`;
    });
    const text = `permit (principal, action in Action::"tier-write", resource) when { context.arguments.n > 3 };`;
    const changes = { 'limits.yaml': null, 'policies/rules.cedar': text };
    const all = await problemsWith({ ...changes, 'tools.yaml': `tools:\n${tools.join('\n')}` });
    expect(all[0]?.message).toContain('unexpected type');
    const alike = `tools:\n${tools.slice(0, 299).join('\n')}`;
    expect(await problemsWith({ ...changes, 'tools.yaml': alike })).toEqual([]);
  });
});

it('warns of agents, groups and tools that breakers.yaml names and nothing else does', async () => {
  const text = `
groups: { financ: { shadow: true } }
agents: { billing-bod: { sensitivity: 2 } }
polling: { crm.raed: 30s }
`;
  const warnings = await warningsWith({ 'breakers.yaml': text });
  expect(warnings.map(({ line, message, hint }) => [line, message, hint])).toEqual([
    [3, 'there is no agent "billing-bod"', 'did you mean "billing-bot"?'],
    [2, 'there is no group "financ"', 'did you mean "finance"?'],
    [4, 'there is no tool "crm.raed"', 'did you mean "crm.read"?'],
  ]);
});
