import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpentInMemory } from '../src/domain/spent.ts';
import { spentFolder } from '../src/spent-folder.ts';
import { folderTickets, memoryTickets } from '../src/tickets.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'estop-edge-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ['in memory', () => new SpentInMemory()],
  ['on disk', () => spentFolder(folder)],
])('spent permits %s', (_, open) => {
  it('are good once, however often they come', () => {
    const spent = open();
    expect(spent.spend('bot i-1', 10_000, 0)).toBe('first-use');
    expect(spent.spend('bot i-1', 10_000, 1)).toBe('spent-before');
    expect(spent.spend('bot i-2', 10_000, 1)).toBe('first-use');
  });
});

describe('spent permits', () => {
  it('are refused beyond what can be remembered', () => {
    const spent = new SpentInMemory();
    for (let index = 0; index < 200_000; index += 1) spent.spend(`p${index}`, 100, 0);
    expect(spent.spend('one more', 100, 99)).toBe('full');
    expect(spent.spend('one more', 200, 100)).toBe('first-use');
  });

  it('stay spent over a restart, and for other processes of the door', () => {
    expect(spentFolder(folder).spend('bot i-1', 10_000, 0)).toBe('first-use');
    expect(spentFolder(folder).spend('bot i-1', 10_000, 0)).toBe('spent-before');
  });

  it('are not used when the disk takes no file', () => {
    writeFileSync(join(folder, 'spent'), '');
    expect(() => spentFolder(join(folder, 'spent')).spend('bot i-1', 10_000, 0)).not.toThrow();
    expect(spentFolder(join(folder, 'spent')).spend('bot i-1', 10_000, 0)).toBe('full');
  });
});

const TICKET = { intentId: 'i-1', approvalId: 'a-1', expiresAt: 5 };
const DIGEST = `sha256:${'a'.repeat(64)}`;

describe.each([
  ['in memory', (max?: number) => memoryTickets(max)],
  ['on disk', (max?: number) => folderTickets(folder, max)],
])('calls that wait %s', (_, open) => {
  it('are found by what they are', async () => {
    const tickets = open();
    expect(await tickets.find(DIGEST)).toBeNull();
    await tickets.keep(DIGEST, TICKET);
    expect(await tickets.find(DIGEST)).toEqual(TICKET);
    await tickets.drop(DIGEST);
    expect(await tickets.find(DIGEST)).toBeNull();
  });

  it('are claimed by one call alone', async () => {
    const tickets = open();
    await tickets.keep(DIGEST, TICKET);
    const claims = await Promise.all(
      Array.from({ length: 10 }, () => tickets.claim(DIGEST, TICKET.intentId)),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await tickets.find(DIGEST)).toBeNull();
  });

  it('are not claimed for another intent', async () => {
    const tickets = open();
    await tickets.keep(DIGEST, TICKET);
    expect(await tickets.claim(DIGEST, 'i-2')).toBe(false);
    expect(await tickets.find(DIGEST)).toEqual(TICKET);
  });

  it('forget the oldest beyond their bound', async () => {
    const tickets = open(20);
    const digest = (index: number) => `sha256:${index.toString(16).padStart(64, '0')}`;
    for (let index = 0; index <= 20; index += 1) await tickets.keep(digest(index), TICKET);
    const kept = await Promise.all(
      Array.from({ length: 21 }, (_, index) => tickets.find(digest(index))),
    );
    expect(kept.filter((one) => one !== null)).toHaveLength(20);
    expect(kept.at(-1)).toEqual(TICKET);
  });
});

describe('a ticket on disk that cannot be read', () => {
  it('is none: the call is asked anew', async () => {
    writeFileSync(join(folder, `${'a'.repeat(64)}.json`), '{"intentId":');
    expect(await folderTickets(folder).find(`sha256:${'a'.repeat(64)}`)).toBeNull();
  });
});
