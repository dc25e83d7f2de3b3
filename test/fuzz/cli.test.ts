/** Whatever a person types behind `estop`: an exit code that means something, and words that help. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { EXIT } from '@estop/cli/domain/exit';
import { runCli } from '@estop/cli/main';
import fc from 'fast-check';
import { afterAll, assert, describe, expect, it } from 'vitest';
import { FUZZ_TIMEOUT_MS, fuzzAsync } from './fuzz-run.ts';

const RUNS = 6_000;
const CODES: ReadonlySet<number> = new Set(Object.values(EXIT));
const folder = mkdtempSync(join(tmpdir(), 'estop-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** All that ask a gateway, where there is none, or read files; none that serves. */
const COMMANDS = [
  'check',
  'apply',
  'propose',
  'backtest',
  'halt',
  'lift',
  'agents',
  'approvals',
  'approve',
  'reject',
  'explain',
  'status',
  'lag',
];
const OPTIONS = [
  '--help',
  '--agent',
  '--group',
  '--tool',
  '--fleet',
  '--mode',
  '--for',
  '--reason',
  '--wait',
  '--args',
  '--out',
  '--url',
  '--output',
  '-o',
  '--data',
  '--nothing',
  '--',
];
const VALUES = [
  'json',
  'text',
  'pause',
  'kill',
  '30m',
  '-1',
  '0',
  '99999999999999999999',
  'billing-bot',
  'billing-bot/i1',
  '*',
  '{}',
  '{"id":',
  '__proto__',
  '\0',
  '\u202ea',
  'x'.repeat(5_000),
  folder,
  join(folder, 'missing'),
  file('empty.jsonl', ''),
  file('binary.jsonl', Buffer.from([0, 255, 254, 10, 200])),
  file('lines.jsonl', '{"agent":"a","tool":"crm.read","arguments":{}}\n{"agent":\n[]\n'),
  file('deep.jsonl', `${'['.repeat(20_000)}\n`),
  file('agents.yaml', 'agents: { a: {} }\n'),
];

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 3, arbitrary: fc.constantFrom(...OPTIONS) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constantFrom(...COMMANDS) },
);
const lines = fc.record({
  command: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...COMMANDS) },
    { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
  ),
  words: fc.array(word, { maxLength: 6 }),
  stdin: fc.constantFrom('', '{}', '{"agent":"a"}\n', '\0', '['.repeat(3_000)),
});

/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';

async function run(args: readonly string[], stdin: string) {
  let out = '';
  let err = '';
  const exitCode = await runCli(args, {
    env: { ESTOP_URL: NOWHERE, ESTOP_KEY: 'key' },
    cwd: folder,
    stdin: Readable.from([stdin]),
    stdout: new PassThrough(),
    out: async (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    outIsTty: false,
    errIsTty: false,
    signal: new AbortController().signal,
    exit: (code) => {
      throw new Error(`the process would end with ${code}`);
    },
  });
  return { exitCode, out, err };
}

describe('whatever stands behind estop', () => {
  it('ends with a documented code, and says in words what is wrong', {
    timeout: FUZZ_TIMEOUT_MS,
  }, async () => {
    const seen = new Map<number, number>();
    await fuzzAsync(lines, { runs: RUNS }, async ({ command, words, stdin }) => {
      const { exitCode, out, err } = await run([command, ...words], stdin);
      assert(CODES.has(exitCode), `exit code ${exitCode}`);
      if (exitCode !== EXIT.ok) assert(`${err}${out}`.trim().length > 0, 'nothing is said');
      assert.notMatch(err, /\n\s+at .*:\d+:\d+/, 'a stack trace is shown');
      seen.set(exitCode, (seen.get(exitCode) ?? 0) + 1);
    });
    for (const code of [EXIT.ok, EXIT.error, EXIT.usage]) {
      expect(seen.get(code) ?? 0, `exit code ${code}`).toBeGreaterThan(RUNS / 100);
    }
  });
});
