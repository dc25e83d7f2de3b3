import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listenAt, upstreamHeader } from '../src/domain/mcp-options.ts';
import { takePointSlot } from '../src/point-slot.ts';
import { runLine } from './memory-io.ts';

const SERVER = `
process.stdin.on('data', (chunk) => {
  for (const line of String(chunk).split('\\n').filter(Boolean)) {
    const { id, method } = JSON.parse(line);
    const tools = [{ name: 'read_note', annotations: { readOnlyHint: true } }];
    const result = method === 'tools/list' ? { tools } : { capabilities: {} };
    if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
  }
});
`;
const env = { PATH: process.env['PATH'] ?? '' };

describe('estop mcp --discover', () => {
  it('prints entries for the catalogue, or writes them, never over a file unless forced', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'estop-cli-mcp-'));
    const server = ['--server', 'notes', '--', process.execPath, '-e', SERVER];
    const printed = await runLine(['mcp', '--discover', ...server], { cwd, env });
    expect(printed).toMatchObject({ exitCode: 0, err: '' });
    expect(printed.out).toContain(
      'mcp.notes.read_note:\n    # the name says read\n    tier: read\n',
    );
    const file = join(cwd, 'tools.yaml');
    writeFileSync(file, 'mine');
    const write = (...more: readonly string[]) =>
      runLine(['mcp', '--discover', '--out', 'tools.yaml', ...more, ...server], { cwd, env });
    expect(await write()).toMatchObject({ exitCode: 6 });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(await write('--force')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(file, 'utf8')).toBe(printed.out);
  });
});

describe('estop mcp --accept', () => {
  it('takes what waits, and says when nothing does', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'estop-cli-mcp-'));
    const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
    const waits = { pinned: digest('a'), changed: digest('b') };
    const isNew = { pinned: null, changed: digest('b') };
    const pins = { box: { send: waits, read: isNew, list: { pinned: digest('c') } } };
    writeFileSync(join(cwd, 'mcp-pins.json'), JSON.stringify(pins));
    const accept = (target: string) => runLine(['--data', cwd, 'mcp', '--accept', target], { cwd });
    expect(await accept('box.list')).toMatchObject({ exitCode: 5 });
    expect(await accept('box.send')).toMatchObject({ exitCode: 0, out: 'accepted box.send\n' });
    expect(await accept('box')).toMatchObject({ exitCode: 0, out: 'accepted box.read\n' });
    const left = JSON.parse(readFileSync(join(cwd, 'mcp-pins.json'), 'utf8'));
    expect(left.box).toEqual({
      send: { pinned: digest('b') },
      read: { pinned: digest('b') },
      list: { pinned: digest('c') },
    });
  });
});

describe('estop mcp', () => {
  it.each([
    [['mcp'], 'the server needs a name'],
    [['mcp', '--server', 'a.b', '--', 'x'], 'a.b is no name'],
    [['mcp', '--server', 'a'], 'no server is named'],
    [['mcp', '--server', 'a', '--listen', 'x', '--upstream', 'http://u'], '--listen takes a port'],
    [
      ['mcp', '--server', 'a', '--listen', '1', '--upstream', 'file:///'],
      '--upstream takes an http',
    ],
  ])('of %j is a usage error', async (args, text) => {
    const { exitCode, err } = await runLine(args);
    expect(exitCode).toBe(2);
    expect(err).toContain(text);
  });

  it('of a door that others reach needs a token', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'estop-cli-mcp-'));
    writeFileSync(join(cwd, 'short'), 'abc\n');
    writeFileSync(join(cwd, 'empty'), '');
    const args = ['mcp', '--server', 'a', '--upstream', 'http://u', '--listen'];
    const run = (more: readonly string[], given = {}) =>
      runLine([...args, ...more], { cwd, env: given });
    const open = await run(['0.0.0.0:0']);
    expect(open).toMatchObject({ exitCode: 2 });
    expect(open.err).toContain('--token-file FILE, or set ESTOP_MCP_TOKEN');
    expect((await run([':0'], { ESTOP_MCP_TOKEN: 'abc' })).err).toContain('at least 16 letters');
    expect((await run([':0', '--token-file', 'short'])).err).toContain('at least 16 letters');
    expect((await run([':0', '--token-file', 'empty'])).err).toContain('empty');
    expect((await run([':0', '--token-file', 'none'])).exitCode).not.toBe(0);
    expect((await run([':0', '--token-file', 'none'])).err).toContain('none');
  });

  it('reads where to listen, on this machine unless a host is named', () => {
    const local = { host: '127.0.0.1', port: 80, isLocal: true };
    expect(listenAt('80')).toEqual(local);
    expect(listenAt(':80')).toEqual(local);
    expect(listenAt('[::1]:80')).toEqual({ ...local, host: '::1' });
    expect(listenAt('0.0.0.0:80')).toEqual({ host: '0.0.0.0', port: 80, isLocal: false });
    expect(listenAt('65536')).toMatch(/takes a port/);
  });

  it('takes the credential of the server from the environment', () => {
    expect(upstreamHeader('Authorization=TOKEN', { TOKEN: 'Bearer x' })).toEqual({
      name: 'authorization',
      value: 'Bearer x',
    });
    expect(upstreamHeader('Authorization=TOKEN', {})).toMatch(/TOKEN is not set/);
    expect(upstreamHeader('Bad Name=TOKEN', { TOKEN: 'x' })).toMatch(/takes NAME=VARIABLE/);
  });
});

describe('the name of a point', () => {
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'estop-slots-'));
    return { path, keyFile: '', addressFile: '' };
  };

  it('is the same after a restart, and another one beside a door that runs', () => {
    const data = folder();
    const first = takePointSlot(data, 'mcp-a', 'key');
    const second = takePointSlot(data, 'mcp-a', 'key');
    expect(second.name).not.toBe(first.name);
    first.release();
    expect(takePointSlot(data, 'mcp-a', 'key').name).toBe(first.name);
    expect(takePointSlot(data, 'mcp-a', 'other key').name).not.toBe(first.name);
    expect(takePointSlot(folder(), 'mcp-a', 'key').name).not.toBe(first.name);
  });

  it('is free again when its process was killed', () => {
    const data = folder();
    const first = takePointSlot(data, 'mcp-a', 'key');
    writeFileSync(join(first.folder, 'pid'), '4194305');
    expect(takePointSlot(data, 'mcp-a', 'key').name).toBe(first.name);
  });
});
