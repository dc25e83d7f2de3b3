/** Whatever a fleet folder holds: problems with their places, or a fleet that can be decided by. */
import { checkPolicyFiles } from '@estop/policy/adapters/cedar/policy-check';
import { checkFleet } from '@estop/policy/adapters/fleet/check-fleet';
import { compileFleet } from '@estop/policy/adapters/fleet/compile-fleet';
import fc from 'fast-check';
import { assert, describe, expect, it } from 'vitest';
import { FLEET_FILES } from './fuzz-fleet.ts';
import { FUZZ_TIMEOUT_MS, fuzzAsync } from './fuzz-run.ts';

const RUNS = 1_500;
const PATHS = Object.keys(FLEET_FILES);

/** Pieces that are somewhere right, and such as break what is around them. */
const PIECES = [
  ...['{', '}', '[', ']', ':', ',', '\n', '  ', '"', "'", '*', '&a ', '*a', '<<: *a', '!!binary '],
  ...[
    '~',
    '0x1F',
    '-1',
    '1e400',
    '.inf',
    '9007199254740993',
    '2026-01-01',
    'yes',
    '\t',
    '\0',
    '💥',
  ],
  ...['agents:', 'tools:', 'budgets:', 'rates:', 'people:', '__proto__:', 'constructor:', 'tier: '],
  ...['read', 'financial', 'agent: "*"', 'group: finance', 'window: 1h', 'pattern: "(a+)+$"'],
  ...[
    'permit',
    'forbid',
    'unless',
    'when',
    '(',
    ')',
    '==',
    'in',
    'like "*"',
    '@id("x")',
    ';',
    '//',
  ],
  ...['context.arguments.id', 'Action::"tier-read"', 'has', '.contains(', 'ip("::1")', '&&', '||'],
];

interface Edit {
  readonly path: string;
  readonly at: number;
  readonly kind: 'insert' | 'remove' | 'repeat' | 'cut' | 'empty';
  readonly length: number;
  readonly piece: string;
}

const edits = fc.array(
  fc.record<Edit>({
    path: fc.constantFrom(...PATHS),
    at: fc.nat(9_999),
    kind: fc.constantFrom('insert', 'insert', 'remove', 'repeat', 'cut', 'empty'),
    length: fc.nat(60),
    piece: fc.constantFrom(...PIECES),
  }),
  { maxLength: 4 },
);

function edited(all: readonly Edit[]): ReadonlyMap<string, string> {
  const files = new Map(Object.entries(FLEET_FILES));
  for (const { path, at, kind, length, piece } of all) {
    const text = files.get(path) ?? '';
    const place = Math.floor((at / 10_000) * text.length);
    const [before, after] = [text.slice(0, place), text.slice(place)];
    if (kind === 'insert') files.set(path, before + piece + after);
    if (kind === 'remove') files.set(path, before + after.slice(length));
    if (kind === 'repeat') files.set(path, before + after.slice(0, length) + after);
    if (kind === 'cut') files.set(path, before);
    if (kind === 'empty') files.delete(path);
  }
  return files;
}

async function check(files: ReadonlyMap<string, string>): Promise<'right' | 'wrong'> {
  const answer = await checkFleet(files, checkPolicyFiles);
  if (!answer.ok) {
    assert(answer.problems.length > 0);
    for (const { file, line, column, message } of answer.problems) {
      assert(file.length > 0 && line > 0 && column > 0 && message.length > 0, message);
    }
    return 'wrong';
  }
  const fleet = await compileFleet(answer.bundle);
  fleet.close();
  return 'right';
}

describe('whatever a fleet folder holds', () => {
  it('is a fleet, or has problems with a place and words', {
    timeout: FUZZ_TIMEOUT_MS,
  }, async () => {
    const seen = { right: 0, wrong: 0 };
    await fuzzAsync(edits, { runs: RUNS, heapGrowthBytesMax: 64 * 1024 * 1024 }, async (all) => {
      seen[await check(edited(all))] += 1;
    });
    expect(seen.right).toBeGreaterThan(RUNS / 20);
    expect(seen.wrong).toBeGreaterThan(RUNS / 4);
  });
});

const LAUGHS = Array.from({ length: 30 }, (_, level) => {
  const before = level === 0 ? '"ha"' : `*l${level - 1}`;
  return `l${level}: &l${level} [${Array(9).fill(before).join(', ')}]`;
}).join('\n');

function toolsWith(schema: object, count = 1): string {
  const tools = Array.from({ length: count }, (_, index) => [
    `t${index}`,
    { tier: 'write', arguments: schema },
  ]);
  return JSON.stringify({ tools: Object.fromEntries(tools) });
}

const TEXT = { type: 'object', properties: { id: { type: 'string' } } };
const EXPLODING = { type: 'object', properties: { id: { type: 'string', pattern: '^(a+)+$' } } };

/** What is allowed to be right, and everything that must not be. */
const MONSTERS: readonly (readonly [string, string, string, 'right' | 'wrong'])[] = [
  ['aliases that multiply', 'agents.yaml', `${LAUGHS}\nagents: *l29\n`, 'wrong'],
  ['an alias of itself', 'agents.yaml', 'agents: &a { a: { attributes: *a } }\n', 'wrong'],
  ['lists nested a hundred thousand times', 'tools.yaml', '['.repeat(100_000), 'wrong'],
  ['maps nested ten thousand times', 'tools.yaml', `tools: ${'{a: '.repeat(10_000)}`, 'wrong'],
  ['a key twice', 'agents.yaml', 'agents:\n  a: {}\n  a: {}\n', 'wrong'],
  ['two megabytes in one line', 'people.yaml', `people: { ${'x'.repeat(2_000_000)}: 1 }`, 'wrong'],
  ['bytes that are no text', 'agents.yaml', '\u0000\u0001\ufffd\n'.repeat(100), 'wrong'],
  ['ten thousand tools', 'tools.yaml', toolsWith(TEXT, 10_000), 'right'],
  ['a pattern that explodes', 'tools.yaml', toolsWith(EXPLODING), 'right'],
  ['rules nested ten thousand times', 'policies/fleet.cedar', nested(10_000), 'wrong'],
  ['a rule that never ends', 'policies/fleet.cedar', 'permit (principal, ', 'wrong'],
  ['rules of a megabyte', 'policies/fleet.cedar', 'permit (x);\n'.repeat(100_000), 'wrong'],
];

function nested(depth: number): string {
  const open = '('.repeat(depth);
  return `permit (principal, action, resource) when { ${open}true${')'.repeat(depth)} };`;
}

describe('a fleet folder that is made to hurt', () => {
  it.each(MONSTERS)('%s', { timeout: FUZZ_TIMEOUT_MS }, async (_, path, text, expected) => {
    const files = { 'people.yaml': FLEET_FILES['people.yaml'] ?? '', [path]: text };
    const before = process.cpuUsage();
    expect(await check(new Map(Object.entries(files)))).toBe(expected);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000_000, 's of processor time').toBeLessThan(10);
  });

  it('has its patterns matched in time that grows with the text alone', async () => {
    const files = new Map([['tools.yaml', toolsWith(EXPLODING)]]);
    const answer = await checkFleet(files, checkPolicyFiles);
    if (!answer.ok) throw new Error(JSON.stringify(answer.problems));
    const fleet = await compileFleet(answer.bundle);
    const before = process.cpuUsage();
    const problems = fleet.toolOf('t0' as never).checkArguments({ id: `${'a'.repeat(50_000)}!` });
    fleet.close();
    expect(problems).toHaveLength(1);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000, 'ms of processor time').toBeLessThan(1_000);
  });
});
