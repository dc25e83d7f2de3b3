import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayConfig } from '@estop/gateway/config';
import { readConfig } from '@estop/runtime/config';
import { VARIABLES, type VariableName } from '@estop/runtime/variables';
import { EstopError } from '@estop/schemas/errors';
import fc from 'fast-check';
import { afterAll, assert, describe, expect, it } from 'vitest';
import { FUZZ_TIMEOUT_MS, fuzz } from './fuzz-run.ts';

const NAMES = Object.keys(VARIABLES) as readonly VariableName[];
const SECRETS = NAMES.filter((name) => VARIABLES[name].isSecret);

const folder = mkdtempSync(join(tmpdir(), 'estop-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const API_KEY = `estop_${'a1'.repeat(6)}_${'A_-9'.repeat(11).slice(0, 43)}`;
/** Right for one variable or another. */
const VALID = [
  '0',
  '1',
  '7070',
  'true',
  'info',
  'none',
  'plain',
  '127.0.0.1',
  'kafka-1:9092, kafka-2:9092',
  'https://estop.example.com/',
  'x'.repeat(40),
  API_KEY,
  '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----',
  '-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----',
];
const ABSURD = [
  ' ',
  '-1',
  '1e3',
  '0x10',
  '99999999999999999999',
  'NaN',
  ',,,',
  'http://user:password@host',
  'http://[::1',
  'javascript:alert(1)',
  '\0',
  '__proto__',
  '\u202egnp.exe',
  `${'a:1,'.repeat(2_000)}!`,
  'x'.repeat(20_000),
];
const FILES = [
  fileWith('key', API_KEY),
  fileWith('empty', ' \n'),
  fileWith('binary', Buffer.from([0, 255, 254, 10, 0])),
  fileWith('large', 'x'.repeat(70_000)),
  folder,
  join(folder, 'missing'),
  '\0',
  '',
];

const anyText = fc
  .oneof(
    { weight: 5, arbitrary: fc.constantFrom(...VALID) },
    { weight: 2, arbitrary: fc.constantFrom(...ABSURD) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...VALID), fc.string({ maxLength: 4 }), fc.nat(40)),
    },
  )
  .map((value) => (typeof value === 'string' ? value : splice(...value)));

function splice(text: string, piece: string, at: number): string {
  return text.slice(0, at) + piece + text.slice(at + 1);
}

const environments = fc.record({
  values: fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), anyText), {
    selector: ([name]) => name,
    maxLength: 8,
  }),
  files: fc.array(fc.tuple(fc.constantFrom(...SECRETS), fc.constantFrom(...FILES)), {
    maxLength: 2,
  }),
});

const GIVEN = { operatorKeyHash: null, permitSecret: Buffer.alloc(32), peerKey: null };

describe('whatever the environment says', () => {
  it('is a configuration, or an error that names the variables and shows no secret', {
    timeout: FUZZ_TIMEOUT_MS,
  }, () => {
    const seen = { read: 0, refused: 0 };
    fuzz(environments, { runs: 20_000 }, ({ values, files }) => {
      const environment = Object.fromEntries<string>([
        ...values,
        ...files.map(([name, path]) => [`${name}_FILE`, path] as const),
      ]);
      try {
        const config = readConfig(NAMES, environment);
        assert(NAMES.every((name) => Object.hasOwn(config, name)));
        assert(gatewayConfig(config, GIVEN).port <= 65_535);
        seen.read += 1;
      } catch (error) {
        seen.refused += 1;
        expectClear(error, environment);
      }
    });
    const { read, refused } = seen;
    expect(Math.min(read, refused)).toBeGreaterThanOrEqual(Math.floor((read + refused) / 20));
  });
});

function expectClear(error: unknown, environment: Readonly<Record<string, string>>): void {
  if (!(error instanceof EstopError)) throw error;
  assert.equal(error.code, 'config-invalid');
  const given = NAMES.filter((name) => name in environment || `${name}_FILE` in environment);
  assert(
    given.some((name) => error.message.includes(`\n  ${name}`)),
    error.message.slice(0, 500),
  );
  for (const name of SECRETS) {
    const value = environment[name];
    // What is as short as a word of the message is found in it by accident.
    if (value === undefined || value.trim().length < 12) continue;
    const isShownElsewhere = Object.entries(environment).some(
      ([other, text]) => other !== name && text.includes(value) && !isSecret(other),
    );
    if (!isShownElsewhere) assert(!error.message.includes(value), `${name} is shown`);
  }
}

function isSecret(name: string): boolean {
  return SECRETS.some((secret) => secret === name);
}
