import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixture, type Files, type Fixture, runTool, type ToolResult } from './fixture.ts';
import {
  BIOME_VIOLATIONS,
  COMPANIONS,
  COMPILER_VIOLATIONS,
  DEAD_CODE_VIOLATIONS,
  IMPORT_VIOLATIONS,
  type Violation,
} from './violations.ts';

const BIOME = '@biomejs/biome/bin/biome';
const COMPILER = '@typescript/native/bin/tsc';
const IMPORTS = 'dependency-cruiser/bin/dependency-cruise.mjs';
const BOUNDARIES = 'turbo/bin/turbo';
const DEAD_CODE = 'knip/bin/knip.js';
const FOLDERS = ['schemas', 'infra', 'services', 'test'];

const fixtures: Fixture[] = [];
afterAll(() => {
  for (const fixture of fixtures) fixture.remove();
});

function fixtureWith(planted: Files = {}): Fixture {
  const fixture = createFixture(planted);
  fixtures.push(fixture);
  return fixture;
}

function filesOf(violations: readonly Violation[]): Files {
  return Object.fromEntries(violations.map(({ path, text }) => [path, text]));
}

describe('sources that keep every rule', () => {
  const { folder } = fixtureWith();

  it.each([
    ['Biome', BIOME, ['check', '.']],
    ['the compiler', COMPILER, ['-b']],
    ['dependency-cruiser', IMPORTS, FOLDERS],
    ['turbo', BOUNDARIES, ['boundaries']],
    ['knip', DEAD_CODE, ['--no-config-hints']],
  ])('pass %s', async (_, tool, args) => {
    const { code, output } = await runTool(tool, args, folder);
    expect(code, output).toBe(0);
  });

  it('are really read by dependency-cruiser, which calls an empty tree a success', async () => {
    const { output } = await runTool(IMPORTS, FOLDERS, folder);
    expect(output).toMatch(/\(9 modules, 8 dependencies cruised\)/);
  });
});

describe('Biome', () => {
  let findings: readonly (readonly [path: string, category: string])[] = [];
  beforeAll(async () => {
    const { folder } = fixtureWith(filesOf(BIOME_VIOLATIONS));
    const args = ['check', '.', '--reporter=json', '--max-diagnostics=none'];
    const { output } = await runTool(BIOME, args, folder);
    const report = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)) as {
      readonly diagnostics: readonly {
        readonly category: string;
        readonly severity: string;
        readonly location: { readonly path: string };
      }[];
    };
    findings = report.diagnostics
      .filter(({ severity }) => severity === 'error')
      .map(({ location, category }) => [location.path, category.split('/').at(-1) ?? '']);
  });

  it.each(BIOME_VIOLATIONS)('refuses $fault', ({ path, finding }) => {
    expect(findings).toContainEqual([path, finding]);
  });
});

describe('the compiler', () => {
  let result: ToolResult;
  beforeAll(async () => {
    const { folder } = fixtureWith(filesOf(COMPILER_VIOLATIONS));
    result = await runTool(COMPILER, ['-b', '--pretty', 'false'], folder);
  });

  it.each(COMPILER_VIOLATIONS)('refuses $fault', ({ path, finding }) => {
    expect(result.code).not.toBe(0);
    const lines = result.output.split('\n').filter((line) => line.startsWith(`${path}(`));
    expect(lines.join('\n')).toContain(`error ${finding}:`);
  });
});

describe('dependency-cruiser', () => {
  let findings: readonly (readonly [path: string, rule: string])[] = [];
  beforeAll(async () => {
    const { folder } = fixtureWith({ ...filesOf(IMPORT_VIOLATIONS), ...COMPANIONS });
    const { output } = await runTool(IMPORTS, [...FOLDERS, '--output-type', 'json'], folder);
    const report = JSON.parse(output) as {
      readonly summary: {
        readonly violations: readonly {
          readonly from: string;
          readonly rule: { readonly name: string; readonly severity: string };
        }[];
      };
    };
    findings = report.summary.violations
      .filter(({ rule }) => rule.severity === 'error')
      .map(({ from, rule }) => [from, rule.name]);
  });

  it.each(IMPORT_VIOLATIONS)('refuses $fault', ({ path, finding }) => {
    expect(findings).toContainEqual([path, finding]);
  });
});

describe('turbo', () => {
  it('refuses an import of a package that the workspace does not declare', async () => {
    const { folder } = fixtureWith({
      'infra/log/src/undeclared.ts': "import '@estop/runtime/clock';\n",
    });
    const { code, output } = await runTool(BOUNDARIES, ['boundaries'], folder);
    expect(code).not.toBe(0);
    expect(output).toContain('cannot import package `@estop/runtime`');
  });
});

describe('knip', () => {
  let findings: readonly {
    readonly file: string;
    readonly [kind: string]: unknown;
  }[] = [];
  beforeAll(async () => {
    const { folder } = fixtureWith(filesOf(DEAD_CODE_VIOLATIONS));
    const { output } = await runTool(DEAD_CODE, ['--reporter', 'json'], folder);
    findings = (JSON.parse(output) as { readonly issues: typeof findings }).issues;
  });

  it.each(DEAD_CODE_VIOLATIONS)('refuses $fault', ({ path, finding }) => {
    const issue = findings.find(({ file }) => file === path);
    expect(issue?.[finding]).not.toHaveLength(0);
    expect(issue).toHaveProperty(finding);
  });
});
