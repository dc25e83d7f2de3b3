// One violation of each fence: the file that holds it, its text, and what the tool that must see it
// says of it.
export interface Violation {
  readonly fault: string;
  readonly path: string;
  readonly text: string;
  /** Stands in the tool's report on that file. */
  readonly finding: string;
}

const DOMAIN = 'services/policy/src/domain';
const POLICY = 'services/policy/src';
let count = 0;

const manyLines = (length: number, line: (index: number) => string) =>
  Array.from({ length }, (_, index) => line(index)).join('\n');

export const BIOME_VIOLATIONS: readonly Violation[] = [
  domain('a domain that reads files', 'noNodejsModules', [
    "import { sep } from 'node:path';",
    'export const a = sep;',
  ]),
  domain('a domain that reads the clock', 'plugin', ['export const a = Date.now();']),
  domain('a domain that asks for today', 'plugin', ['export const a = new Date();']),
  domain('a domain that draws random numbers', 'plugin', ['export const a = Math.random();']),
  domain('a domain that hands randomness on', 'plugin', ['export const a = [1].map(Math.random);']),
  domain('a domain that knows the process', 'noRestrictedGlobals', [
    'export const a = process.pid;',
  ]),
  domain('a domain that waits', 'noRestrictedGlobals', ['setTimeout(() => {}, 1);']),
  domain('a domain that asks the network', 'noRestrictedGlobals', ["await fetch('http://x');"]),
  domain('a domain that imports infra', 'noRestrictedImports', [
    "import { DEPTH } from '@estop/log/port';",
    'export const a = DEPTH;',
  ]),
  source('a variable of the environment read anywhere', 'noProcessEnv', [
    'export const a = process.env;',
  ]),
  source('a console', 'noConsole', ["console.log('x');"]),
  source('an any', 'noExplicitAny', ['export const a: any = 1;']),
  source('a non-null assertion', 'noNonNullAssertion', [
    'export const a = (b: string | null) => b!.length;',
  ]),
  source('an enum', 'noEnum', ['export enum A {', '  B = 1,', '}']),
  source('a parameter property', 'noParameterProperties', [
    'export class A {',
    '  constructor(readonly b: number) {}',
    '}',
  ]),
  source('a default export', 'noDefaultExport', ['export default 1;']),
  source('a barrel', 'noBarrelFile', ["export { STORED } from './adapters/store.ts';"]),
  source('an export of everything', 'noReExportAll', ["export * from './adapters/store.ts';"]),
  source('a promise that nobody waits for', 'noFloatingPromises', [
    'async function a(): Promise<number> {',
    '  return 1;',
    '}',
    'a();',
  ]),
  source('a thrown text', 'useThrowOnlyError', [
    'export function a(): never {',
    "  throw 'x';",
    '}',
  ]),
  source('a fourth parameter', 'useMaxParams', [
    'export const a = (b: 1, c: 1, d: 1, e: 1) => [b, c, d, e];',
  ]),
  source('a function of more than 60 lines', 'noExcessiveLinesPerFunction', [
    'export function a(b: number[]): void {',
    manyLines(61, (index) => `  b.push(${index});`),
    '}',
  ]),
  source('a function that nobody can follow', 'noExcessiveCognitiveComplexity', [
    'export function a(b: number): number {',
    manyLines(16, (index) => `  if (b === ${index}) return ${index + 1};`),
    '  return 0;',
    '}',
  ]),
  source('a file of more than 300 lines', 'noExcessiveLinesPerFile', [
    manyLines(301, (index) => `export const a${index} = ${index};`),
  ]),
  {
    ...source('a name in capitals', 'useFilenamingConvention', ['export const a = 1;']),
    path: `${POLICY}/camelCase.ts`,
  },
  source('a package that is not declared', 'noUndeclaredDependencies', ["import 'kafkajs';"]),
  source('another format', 'format', ['export const a = "b"']),
  {
    ...source('a skipped test', 'noSkippedTests', ["it.skip('x', () => {});"]),
    path: 'services/policy/test/skipped.test.ts',
  },
];

export const COMPILER_VIOLATIONS: readonly Violation[] = [
  domain('a domain with Node types', 'TS2591', ['export const a = process.pid;']),
  domain('a domain with a console', 'TS2584', ["console.log('x');"]),
  domain('a domain with a timer', 'TS2304', ['export const a = setTimeout(() => {}, 1);']),
  domain('a domain with a Node module', 'TS2591', [
    "import { sep } from 'node:path';",
    'export const a = sep;',
  ]),
  source('syntax that cannot be erased', 'TS1294', ['export enum A {', '  B = 1,', '}']),
  source('an element taken for present', 'TS2322', ['export const a: number = [1][0];']),
  source('a case that falls through', 'TS7029', [
    'export function a(b: number): void {',
    '  switch (b) {',
    '    case 1:',
    '      b += 1;',
    '    case 2:',
    '      b += 2;',
    '  }',
    '}',
  ]),
];

export const IMPORT_VIOLATIONS: readonly Violation[] = [
  {
    fault: 'schemas that import infra',
    path: 'schemas/src/reads-log.ts',
    text: "import '../../infra/log/src/port.ts';\n",
    finding: 'schemas-import-nothing-of-ours',
  },
  domain('a domain that imports infra', 'domain-imports-schemas-and-itself', [
    "import '@estop/log/port';",
  ]),
  domain('a domain that imports a type of infra', 'domain-imports-schemas-and-itself', [
    "import type { DEPTH } from '@estop/log/port';",
    'export type A = typeof DEPTH;',
  ]),
  domain('a domain that imports an adapter', 'domain-imports-schemas-and-itself', [
    "import '../adapters/store.ts';",
  ]),
  domain('a domain that imports a Node module', 'domain-imports-schemas-and-itself', [
    "import 'node:fs';",
  ]),
  domain('a domain that imports another domain', 'domain-imports-schemas-and-itself', [
    "import '../../../gateway/src/domain/nothing.ts';",
  ]),
  {
    fault: 'a service that imports an adapter of another',
    path: 'services/gateway/src/deep.ts',
    text: "import '../../policy/src/adapters/store.ts';\n",
    finding: 'a-service-uses-another-by-its-doors',
  },
  {
    fault: 'infra that imports a service',
    path: 'infra/log/src/upwards.ts',
    text: "import '@estop/policy/domain/decide';\n",
    finding: 'infra-never-imports-a-service',
  },
  {
    fault: 'runtime that imports the log',
    path: 'infra/runtime/src/sideways.ts',
    text: "import '../../log/src/port.ts';\n",
    finding: 'runtime-imports-schemas-only',
  },
  source('a service that imports kafkajs', 'kafka-only-in-its-adapter', ["import 'kafkajs';"]),
  source('a source that imports a test', 'nobody-imports-test', [
    "import '../../../test/bench/sample.ts';",
  ]),
  {
    fault: 'a cycle',
    path: `${POLICY}/circle-too.ts`,
    text: "import { a } from './circle.ts';\n\nexport const b = (): number => a();\n",
    finding: 'no-cycles',
  },
  source('an import of nothing', 'everything-resolves', ["import './nowhere.ts';"]),
];

/** Needed by the cycle above. */
export const COMPANIONS = {
  [`${POLICY}/circle.ts`]:
    "import { b } from './circle-too.ts';\n\nexport const a = (): number => b();\n",
};

export const DEAD_CODE_VIOLATIONS: readonly Violation[] = [
  source('a file that nothing imports', 'files', ['export const a = 1;']),
  {
    fault: 'an export that nothing imports',
    path: 'infra/log/src/port.ts',
    text: "import { LIMIT } from '@estop/schemas/ids';\n\nexport const DEPTH = LIMIT;\nexport const DEAD = 1;\n",
    finding: 'exports',
  },
];

function domain(fault: string, finding: string, lines: readonly string[]): Violation {
  count += 1;
  return { fault, path: `${DOMAIN}/planted-${count}.ts`, text: `${lines.join('\n')}\n`, finding };
}

function source(fault: string, finding: string, lines: readonly string[]): Violation {
  count += 1;
  return { fault, path: `${POLICY}/planted-${count}.ts`, text: `${lines.join('\n')}\n`, finding };
}
