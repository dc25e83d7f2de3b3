import { describe, expect, it } from 'vitest';
import { ROOT, runTool } from './fixture.ts';

/** The tools of `npm run check`, over the repository itself. */
const CHECKS = [
  ['Biome', '@biomejs/biome/bin/biome', ['check', '.']],
  ['the compiler, on the sources', '@typescript/native/bin/tsc', ['-b']],
  ['the compiler, on the tests', '@typescript/native/bin/tsc', ['-p', 'tsconfig.test.json']],
  [
    'dependency-cruiser',
    'dependency-cruiser/bin/dependency-cruise.mjs',
    ['schemas', 'infra', 'services', 'test', 'scripts'],
  ],
  ['turbo', 'turbo/bin/turbo', ['boundaries']],
  ['knip', 'knip/bin/knip.js', ['--no-config-hints']],
] as const;
const CHECK_TIMEOUT_MS = 60_000;

describe('the repository passes', () => {
  it.each(CHECKS)(
    '%s',
    async (_, tool, args) => {
      const { code, output } = await runTool(tool, args, ROOT);
      expect(code, output).toBe(0);
    },
    CHECK_TIMEOUT_MS,
  );
});
