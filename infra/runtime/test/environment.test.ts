import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EstopError, messageOf } from '@estop/schemas/errors';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  choice,
  type Environment,
  flag,
  integer,
  list,
  readVariables,
  secret,
  text,
  url,
} from '../src/environment.ts';

const TABLE = {
  PORT: integer({ summary: 'port', min: 0, max: 65_535, fallback: 7070 }),
  LEVEL: choice({ summary: 'level', words: ['info', 'debug'], fallback: 'info' }),
  BROKERS: list({ summary: 'brokers', form: '`host:port`', item: /^[\w.]+:\d+$/ }),
  SITE: url({ summary: 'site', fallback: null }),
  TLS: flag({ summary: 'TLS', fallback: false }),
  NAME: text({ summary: 'name', form: 'letters', fallback: 'estop', pattern: /^[a-z]+$/ }),
  PASSWORD: secret({ summary: 'password', form: 'at least 4 characters', pattern: /^.{4,}$/ }),
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'estop-environment-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function complaintOf(environment: Environment): string {
  try {
    readVariables(TABLE, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(EstopError);
    expect((error as EstopError).code).toBe('config-invalid');
    return messageOf(error);
  }
  return '';
}

describe('readVariables', () => {
  it('gives the fallbacks when nothing is set', () => {
    expect(readVariables(TABLE, {})).toEqual({
      PORT: 7070,
      LEVEL: 'info',
      BROKERS: null,
      SITE: null,
      TLS: false,
      NAME: 'estop',
      PASSWORD: null,
    });
  });

  it('reads a value of each kind', () => {
    const environment = {
      PORT: '0',
      LEVEL: 'debug',
      BROKERS: 'a:1, b.c:2',
      SITE: 'http://127.0.0.1:8080/',
      TLS: 'true',
      NAME: 'other',
      PASSWORD: 'open sesame',
    };
    expect(readVariables(TABLE, environment)).toEqual({
      PORT: 0,
      LEVEL: 'debug',
      BROKERS: ['a:1', 'b.c:2'],
      SITE: 'http://127.0.0.1:8080',
      TLS: true,
      NAME: 'other',
      PASSWORD: 'open sesame',
    });
  });

  it('takes an empty text for an absent one, as compose files write it', () => {
    expect(readVariables(TABLE, { PORT: '', PASSWORD: '' })).toEqual(readVariables(TABLE, {}));
  });

  it('names every variable that is wrong, what is wrong and what would be right', () => {
    const complaint = complaintOf({ PORT: '65536', LEVEL: 'loud', BROKERS: 'a:1,,b', TLS: 'yes' });
    expect(complaint.split('\n  ').slice(1)).toEqual([
      'PORT is `65536`; give a whole number from 0 to 65535',
      'LEVEL is `loud`; give one of `info`, `debug`',
      'BROKERS is `a:1,,b`; give `host:port`',
      'TLS is `yes`; give `true` or `false`',
    ]);
  });

  it.each(['ftp://x', 'x', 'http://user:pass@host'])('refuses %s as an address', (site) => {
    expect(complaintOf({ SITE: site })).toContain('SITE is');
  });

  it.each(['1e3', '0x10', ' 7', '7.5', '-1', '9'.repeat(30)])('refuses %s as a port', (port) => {
    expect(complaintOf({ PORT: port })).toContain('PORT is');
  });

  it('never shows a secret that is wrong', () => {
    expect(complaintOf({ PASSWORD: 'abc' })).toContain(
      'PASSWORD is not valid; give at least 4 characters',
    );
    expect(complaintOf({ PASSWORD: 'abc' })).not.toContain('abc');
  });

  it('reads a secret from the file that NAME_FILE names, without the newline at its end', () => {
    const file = join(folder, 'password');
    writeFileSync(file, 'open sesame\n');
    expect(readVariables(TABLE, { PASSWORD_FILE: file }).PASSWORD).toBe('open sesame');
  });

  it('refuses a secret that is given twice, or in a file that is empty or not there', () => {
    const empty = join(folder, 'empty');
    writeFileSync(empty, '\n');
    const missing = join(folder, 'missing');
    expect(complaintOf({ PASSWORD: 'open', PASSWORD_FILE: empty })).toContain('give one of them');
    expect(complaintOf({ PASSWORD_FILE: empty })).toContain('which is empty');
    expect(complaintOf({ PASSWORD_FILE: missing })).toContain('which cannot be read');
  });

  it('asks the rules that span variables only when each one is right alone', () => {
    const rules = () => ['NAME does not go with LEVEL'];
    expect(() => readVariables(TABLE, {}, rules)).toThrow('NAME does not go with LEVEL');
    expect(() => readVariables(TABLE, { PORT: 'x' }, rules)).toThrow(/^(?!.*does not go)/s);
  });

  it('either reads a whole number in its range or names the variable, whatever is set', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String)), (raw) => {
        const complaint = complaintOf({ PORT: raw });
        if (complaint === '') {
          const { PORT } = readVariables(TABLE, { PORT: raw });
          expect(Number.isInteger(PORT) && PORT >= 0 && PORT <= 65_535).toBe(true);
        } else expect(complaint).toContain('PORT is');
      }),
    );
  });
});
