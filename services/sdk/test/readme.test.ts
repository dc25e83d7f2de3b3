import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('shows in the README the example that is compiled with the tests', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('readme-example.ts', import.meta.url), 'utf8');
  const shown = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(shown).toBe(example);
});
