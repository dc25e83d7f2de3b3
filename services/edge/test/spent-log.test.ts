import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spentLog } from '../src/spent-log.ts';

const NOW_MS = 1_800_000_000_000;
const LATER_MS = NOW_MS + 60_000;
const HOURS_MS = 3 * 3_600_000;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spent-'));
  file = join(folder, 'spent.log');
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('permits that one process alone spends', () => {
  it('are good once, also after the process has ended', () => {
    const log = spentLog(file);
    expect(log.spend('a', LATER_MS, NOW_MS)).toBe('first-use');
    expect(log.spend('a', LATER_MS, NOW_MS)).toBe('spent-before');
    const next = spentLog(file);
    expect(next.spend('a', LATER_MS, NOW_MS + 1)).toBe('spent-before');
    expect(next.spend('b', LATER_MS, NOW_MS + 1)).toBe('first-use');
  });

  it('are read whole where a line was cut by the end of its process', () => {
    spentLog(file).spend('a', LATER_MS, NOW_MS);
    appendFileSync(file, '0123456789abcdef');
    const next = spentLog(file);
    expect(next.spend('b', LATER_MS, NOW_MS)).toBe('first-use');
    const last = spentLog(file);
    for (const id of ['a', 'b']) expect(last.spend(id, LATER_MS, NOW_MS)).toBe('spent-before');
  });

  it('are forgotten when no permit of theirs can be good, and the file shrinks', () => {
    const log = spentLog(file);
    for (let n = 0; n < 10_000; n += 1) log.spend(`old-${n}`, LATER_MS, NOW_MS);
    const full = readFileSync(file).length;
    expect(log.spend('new', LATER_MS + HOURS_MS, NOW_MS + HOURS_MS)).toBe('first-use');
    expect(readFileSync(file).length).toBeLessThan(full / 1_000);
    expect(log.spend('new', LATER_MS + HOURS_MS, NOW_MS + HOURS_MS)).toBe('spent-before');
  });

  it('cannot be remembered where the file can be neither read nor made', () => {
    expect(() => spentLog(join(folder, 'missing', 'spent.log'))).toThrow(/ENOENT/);
    expect(() => spentLog(folder)).toThrow(/EISDIR/);
  });
});
