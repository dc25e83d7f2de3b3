import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../src/asker.ts';
import { HOST_NAMES } from '../src/domain/hooks/host.ts';
import { HOSTS } from '../src/domain/hooks/hosts.ts';
import { readCase, replyTo, scripted } from './hook-case.ts';

const FOLDER = join(import.meta.dirname, 'golden');
const OUTCOMES = ['allow', 'deny', 'halted', 'malformed', 'needs-approval', 'unreachable'];

describe.each(HOST_NAMES)('the hook of %s', (host) => {
  const names = readdirSync(join(FOLDER, host)).map((file) => file.replace('.json', ''));

  it('has a golden case for each outcome', () => {
    expect(names).toEqual(expect.arrayContaining(OUTCOMES));
  });

  it.each(names)('answers as its golden case says: %s', async (name) => {
    const golden = readCase(join(FOLDER, host, `${name}.json`));
    const { answer } = golden;
    const { asker } = scripted((intentId) =>
      answer === null ? null : ({ intentId, ...answer } as Answer),
    );
    const { observed } = HOSTS[host];
    const { stdin } = golden;
    const reply = await replyTo(stdin, { host, asker });
    expect({ observed, stdin, answer, ...reply }).toEqual(golden);
  });

  it('ends with 2 and says nothing on stdout when the gateway refuses the question', async () => {
    const { stdin } = readCase(join(FOLDER, host, 'allow.json'));
    const { asker } = scripted(() => null);
    const reply = await replyTo(stdin, { host, asker });
    expect(reply).toEqual({
      stdout: '',
      stderr: 'estop: nothing may be asked here\n',
      exitCode: 2,
    });
  });
});
