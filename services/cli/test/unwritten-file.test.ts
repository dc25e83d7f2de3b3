import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
};

const open = () => {
  const { logger, lines } = createMemoryLogger();
  return { unwritten: unwrittenFile(folder, logger), lines };
};

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

  it('are said to be lost when the file cannot be read, and do not keep a gateway down', () => {
    writeFileSync(join(folder, 'halts-unwritten.json'), '[{"haltId":');
    const { unwritten, lines } = open();
    expect(unwritten.load()).toEqual([]);
    expect(lines.join('\n')).toContain('are lost');
  });

  it('are not taken for kept when the disk refuses', async () => {
    rmSync(folder, { recursive: true });
    await expect(open().unwritten.save([HALT])).rejects.toThrow('ENOENT');
  });
});
