import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { HaltId } from '@estop/schemas/ids';
import type { Halt } from '@estop/schemas/messages';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unwrittenFile } from '../src/serve/unwritten-file.ts';

const fs = vi.hoisted(() => ({ synced: [] as string[] }));

vi.mock('node:fs/promises', async (importActual) => {
  const actual = await importActual<typeof import('node:fs/promises')>();
  return {
    ...actual,
    open: async (...args: Parameters<typeof actual.open>) => {
      const handle = await actual.open(...args);
      const sync = handle.sync.bind(handle);
      handle.sync = () => {
        fs.synced.push(String(args[0]));
        return sync();
      };
      return handle;
    },
    rename: async (from: string, to: string) => {
      fs.synced.push(`renamed to ${to}`);
      return actual.rename(from, to);
    },
  };
});

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'estop-unwritten-'));
  fs.synced.length = 0;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HALT: Halt = {
  haltId: 'h-1' as HaltId,
  scope: { fleet: true, group: null, agent: null, tool: null },
  mode: 'kill',
  epoch: 7,
  by: 'olga@example.com',
  reason: null,
  until: null,
  lifted: false,
  killers: [],
};

const open = () => {
  const { logger, lines } = createMemoryLogger();
  return { unwritten: unwrittenFile(folder, logger), lines };
};

const asideTexts = () =>
  readdirSync(folder)
    .filter((name) => name.startsWith('halts-unread-'))
    .map((name) => readFileSync(join(folder, name), 'utf8'));

describe('halts that are not written', () => {
  it('are read again by the next process, and leave no file once there are none', async () => {
    expect(open().unwritten.load()).toEqual([]);
    await open().unwritten.save([HALT]);
    expect(open().unwritten.load()).toEqual([HALT]);
    const file = join(folder, 'halts-unwritten.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['halts-unwritten.json']);
    await open().unwritten.save([]);
    expect(existsSync(file)).toBe(false);
  });

  it('survive a lost power: the file is synced before it has its name, the folder after', async () => {
    await open().unwritten.save([HALT]);
    const file = join(folder, 'halts-unwritten.json');
    expect(fs.synced).toEqual([`${file}.new`, `renamed to ${file}`, folder]);
  });

  it('are kept aside when the file is torn, said so, and do not keep a gateway down', () => {
    const torn = '[{"haltId":';
    writeFileSync(join(folder, 'halts-unwritten.json'), torn);
    const { unwritten, lines } = open();
    expect(unwritten.load()).toEqual([]);
    expect(unwritten.load()).toEqual([]);
    expect(asideTexts()).toEqual([torn]);
    expect(lines.join('\n')).toContain('halt again what it names');
  });

  it.each([
    ['no scope', { ...HALT, scope: {} }],
    ['a scope that lost a part', { ...HALT, scope: { fleet: true, group: null, agent: null } }],
    ['two scopes', { ...HALT, scope: { ...HALT.scope, group: 'finance' } }],
    ['no id', { ...HALT, haltId: 'a b' }],
    ['an unknown mode', { ...HALT, mode: 'stop' }],
    ['half an epoch', { ...HALT, epoch: 1.5 }],
    ['an endless epoch', { ...HALT, epoch: Number.MAX_SAFE_INTEGER }],
    ['nobody', { ...HALT, by: '' }],
    ['an end that is no time', { ...HALT, until: 'later' }],
    ['a lift that is neither', { ...HALT, lifted: 0 }],
    ['a reason that is no text', { ...HALT, reason: 7 }],
    ['nothing', null],
  ])('count where they can be read, and leave aside one with %s', async (_what, bad) => {
    writeFileSync(join(folder, 'halts-unwritten.json'), JSON.stringify([bad, HALT]));
    const { unwritten, lines } = open();
    expect(unwritten.load()).toEqual([HALT]);
    await unwritten.save([HALT]);
    expect(asideTexts()).toEqual([JSON.stringify([bad])]);
    expect(lines.join('\n')).toContain('kept aside');
  });

  it('keep a gateway down where nobody can look at them', () => {
    mkdirSync(join(folder, 'halts-unwritten.json'));
    expect(() => open().unwritten.load()).toThrow('halts-unwritten.json holds halts and cannot be');
  });

  it('are not taken for kept when the disk refuses', async () => {
    rmSync(folder, { recursive: true });
    await expect(open().unwritten.save([HALT])).rejects.toThrow('ENOENT');
  });
});
