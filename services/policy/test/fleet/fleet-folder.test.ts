import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleHash } from '../../src/adapters/fleet/bundle-hash.ts';
import { readFleetFolder } from '../../src/adapters/fleet/fleet-folder.ts';

let parent: string;
let folder: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'estop-fleet-'));
  folder = join(parent, 'fleet');
  await mkdir(join(folder, 'policies', 'finance'), { recursive: true });
  await writeFile(join(folder, 'agents.yaml'), 'agents: {}\n');
  await writeFile(join(folder, 'policies', 'a.cedar'), '// a');
  await writeFile(join(folder, 'policies', 'finance', 'b.cedar'), '// b');
});

afterEach(() => rm(parent, { recursive: true, force: true }));

async function problemIn(): Promise<string | undefined> {
  const read = await readFleetFolder(folder);
  return read.ok ? undefined : `${read.problems[0]?.file}: ${read.problems[0]?.message}`;
}

describe('a fleet folder', () => {
  it('is read by path, and what is no part of it is ignored with a warning', async () => {
    await writeFile(join(folder, 'README.md'), 'for people');
    await writeFile(join(folder, 'notes.txt'), 'hello');
    await mkdir(join(folder, 'node_modules'));
    await writeFile(join(folder, '.git'), '');
    const read = await readFleetFolder(folder);
    if (!read.ok) throw new Error('the folder is good');
    expect(Object.fromEntries(read.files)).toEqual({
      'agents.yaml': 'agents: {}\n',
      'policies/a.cedar': '// a',
      'policies/finance/b.cedar': '// b',
    });
    expect(read.warnings.map(({ file }) => file)).toEqual(['node_modules', 'notes.txt']);
  });

  it('may hold links to files of its own, but none that lead out', async () => {
    await symlink('a.cedar', join(folder, 'policies', 'c.cedar'));
    expect(await problemIn()).toBe(undefined);
    await writeFile(join(parent, 'secret'), 'key');
    await symlink('../secret', join(folder, 'people.yaml'));
    expect(await problemIn()).toBe('people.yaml: the symbolic link leads out of the folder');
  });

  it('is not followed out by a linked folder of policies', async () => {
    await mkdir(join(parent, 'other'));
    await rm(join(folder, 'policies'), { recursive: true });
    await symlink('../other', join(folder, 'policies'));
    expect(await problemIn()).toBe('policies: the symbolic link leads out of the folder');
  });

  it('is text', async () => {
    await writeFile(join(folder, 'tools.yaml'), Buffer.from([0x74, 0xff, 0xfe]));
    expect(await problemIn()).toBe('tools.yaml: the file is not UTF-8');
  });

  it('is bounded', async () => {
    await writeFile(join(folder, 'tools.yaml'), ' '.repeat(8 * 1_048_576));
    expect(await problemIn()).toContain('tools.yaml: the fleet is too large');
  });

  it('has to exist', async () => {
    const read = await readFleetFolder(join(parent, 'nowhere'));
    expect(read).toMatchObject({ ok: false, problems: [{ file: '.' }] });
  });
});

describe('the hash of a bundle', () => {
  it('is over the RFC 8785 text of its files', () => {
    const text = '{"agents.yaml":"agents: {}\\n","policies/ä.cedar":"// \\u0001 ü"}';
    const digest = createHash('sha256').update(text).digest('hex');
    const files = new Map([
      ['policies/ä.cedar', '// \u0001 ü'],
      ['agents.yaml', 'agents: {}\n'],
    ]);
    expect(bundleHash(files)).toBe(`sha256:${digest}`);
  });
});
