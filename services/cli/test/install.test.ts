import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HOST_NAMES, type HostName } from '@estop/edge/domain/hooks/host';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withHooks, withoutHooks } from '../src/install/edit-settings.ts';
import { hookSettings, userSettings } from '../src/install/host-settings.ts';
import { runLine, startScripted } from './memory-io.ts';

const COMMAND = '/usr/bin/node /opt/estop/bin/estop.mjs hook --host claude';

function newHome(): string {
  return mkdtempSync(join(tmpdir(), 'estop-install-'));
}

function fileIn(home: string, host: HostName, text?: string): string {
  const file = join(home, ...userSettings(host, {}));
  if (text === undefined) return file;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const install = (home: string, ...args: readonly string[]) =>
  runLine(['install', ...args], { env: { HOME: home } });

describe.each(HOST_NAMES)('estop install %s', (host) => {
  it('writes hooks for the events before a call, and takes them away again', async () => {
    const home = newHome();
    const file = fileIn(home, host);
    const { exitCode, err } = await install(home, host, '--yes');
    expect(exitCode).toBe(0);
    expect(err).toContain(`+++ ${file}`);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ hooks: expect.anything() });
    expect((await install(home, host, '--uninstall', '--yes')).exitCode).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  it('changes nothing the second time', async () => {
    const home = newHome();
    await install(home, host, '--yes');
    const before = readFileSync(fileIn(home, host), 'utf8');
    const { exitCode, err } = await install(home, host, '--yes');
    expect({ exitCode, text: readFileSync(fileIn(home, host), 'utf8') }).toEqual({
      exitCode: 0,
      text: before,
    });
    expect(err).toContain('nothing to change');
  });

  it('brings back the settings of before to the byte, and keeps them beside it meanwhile', async () => {
    const home = newHome();
    const text = '{\n\t// mine\n\t"model": "x", "hooks": { "Stop": [] },\n}\n';
    const file = fileIn(home, host, text);
    await install(home, host, '--yes');
    expect(readFileSync(`${file}.estop-backup`, 'utf8')).toBe(text);
    expect(readFileSync(file, 'utf8')).toContain('// mine');
    await install(home, host, '--uninstall', '--yes');
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(existsSync(`${file}.estop-backup`)).toBe(false);
  });
});

describe('the settings', () => {
  it('make each host fail closed, with a timeout in its own unit', () => {
    const entries = (host: HostName) => hookSettings(host, COMMAND).entryByEvent;
    expect(entries('claude')['PreToolUse']).toEqual({
      matcher: '*',
      hooks: [{ type: 'command', command: COMMAND, timeout: 15, onFailure: 'block' }],
    });
    expect(entries('codex')['PreToolUse']).toMatchObject({ hooks: [{ timeout: 15 }] });
    expect(entries('gemini')['BeforeTool']).toMatchObject({ hooks: [{ timeout: 15_000 }] });
    for (const event of ['preToolUse', 'beforeShellExecution', 'beforeMCPExecution']) {
      expect(entries('cursor')[event]).toMatchObject({ failClosed: true, timeout: 15 });
    }
    expect(entries('copilot')['preToolUse']).toMatchObject({ bash: COMMAND, timeoutSec: 15 });
    expect(entries('vscode')['PreToolUse']).toMatchObject({ command: COMMAND, timeout: 15 });
  });

  it('of anybody else stay as they are, whatever they are', () => {
    const others = fc.dictionary(
      fc.constantFrom('model', 'env', 'permissions'),
      // What a file can hold: JSON has no -0.
      fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value))),
    );
    const handler = fc.record({ type: fc.constant('command'), command: fc.string() });
    const group = fc.oneof(handler, fc.record({ hooks: fc.array(handler, { minLength: 1 }) }));
    const hooks = fc.dictionary(
      fc.constantFrom('PreToolUse', 'Stop', 'preToolUse', 'BeforeTool'),
      fc.array(group, { minLength: 1, maxLength: 3 }),
      { minKeys: 1 },
    );
    const indent = fc.constantFrom(undefined, 2, 4, '\t');
    fc.assert(
      fc.property(
        fc.constantFrom(...HOST_NAMES),
        others,
        hooks,
        indent,
        (host, other, mine, by) => {
          const settings = { ...other, hooks: mine };
          const text = JSON.stringify(settings, null, by);
          const wanted = hookSettings(host, COMMAND.replace('claude', host));
          const added = withHooks(host, text, wanted);
          if (!added.ok) throw new Error(added.problem);
          const removed = withoutHooks(host, added.text);
          if (!removed.ok) throw new Error(removed.problem);
          expect(JSON.parse(removed.text)).toEqual(settings);
          expect(withHooks(host, added.text, wanted)).toEqual(added);
        },
      ),
    );
  });

  it('of an earlier place of ours are replaced', () => {
    const old = withHooks('claude', '', hookSettings('claude', COMMAND.replace('opt', 'old')));
    const moved = withHooks('claude', old.ok ? old.text : '', hookSettings('claude', COMMAND));
    expect(moved).toMatchObject({ ok: true });
    expect(moved.ok && moved.text).not.toContain('/old/');
  });
});

describe('estop install', () => {
  it.each([
    ['{ "hooks": ', 'line 1, column'],
    ['[]', 'no JSON object'],
    ['{ "hooks": [] }', '`hooks` is no JSON object'],
    ['{ "hooks": { "PreToolUse": {} } }', '`hooks.PreToolUse` is no list'],
  ])('refuses settings it cannot edit: %s', async (text, problem) => {
    const home = newHome();
    const file = fileIn(home, 'claude', text);
    const { exitCode, err } = await install(home, 'claude', '--yes');
    expect(exitCode).toBe(1);
    expect(err).toContain(file);
    expect(err).toContain(problem);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('shows the change and makes none with --dry-run', async () => {
    const home = newHome();
    const { exitCode, out, err } = await install(home, 'claude', '--dry-run');
    expect(exitCode).toBe(0);
    expect(err).toContain('"onFailure": "block"');
    expect(out).toContain('unchanged (dry run)');
    expect(existsSync(fileIn(home, 'claude'))).toBe(false);
  });

  it('writes nothing when nobody is there to ask', async () => {
    const home = newHome();
    const { exitCode, err } = await install(home, 'claude');
    expect(exitCode).toBe(2);
    expect(err).toContain('--yes');
    expect(existsSync(fileIn(home, 'claude'))).toBe(false);
  });

  it('writes the settings of the project here with --project', async () => {
    const [home, cwd] = [newHome(), newHome()];
    await runLine(['install', 'copilot', '--yes', '--project'], { env: { HOME: home }, cwd });
    expect(existsSync(join(cwd, '.github/hooks/estop.json'))).toBe(true);
    expect(existsSync(fileIn(home, 'copilot'))).toBe(false);
  });

  it('writes where the host reads, when a person has moved its folder', async () => {
    const [home, moved] = [newHome(), newHome()];
    const env = { HOME: home, CLAUDE_CONFIG_DIR: moved };
    await runLine(['install', 'claude', '--yes'], { env });
    expect(existsSync(join(moved, 'settings.json'))).toBe(true);
    expect(existsSync(fileIn(home, 'claude'))).toBe(false);
  });

  it('issues a key to the agent with --agent, for the eyes of its user alone', async () => {
    const home = newHome();
    const gateway = await startScripted({
      'POST /v1/agents/coder/credentials': { status: 201, json: { id: 'c', secret: 'estop_s' } },
    });
    const env = { ...gateway.env, HOME: home };
    const { exitCode } = await runLine(['install', 'claude', '--agent', 'coder', '--yes'], { env });
    await gateway.close();
    expect(exitCode).toBe(0);
    const kept = join(home, '.config/estop/hooks/claude.json');
    expect(JSON.parse(readFileSync(kept, 'utf8'))).toEqual({
      url: gateway.env['ESTOP_URL'],
      key: 'estop_s',
      agent: 'coder',
      credential: 'c',
    });
    expect(statSync(kept).mode & 0o077).toBe(0);
  });

  it('revokes the key that it has issued, once it is installed anew and once it is taken away', async () => {
    const home = newHome();
    let issued = 0;
    const gateway = await startScripted({
      'POST /v1/agents/coder/credentials': () => {
        issued += 1;
        return { status: 201, json: { id: `c-${issued}`, secret: `estop_${issued}` } };
      },
      'DELETE /v1/agents/coder/credentials/c-1': { status: 200 },
      'DELETE /v1/agents/coder/credentials/c-2': { status: 200 },
    });
    const env = { ...gateway.env, HOME: home };
    const run = (...args: readonly string[]) =>
      runLine(['install', 'claude', '--yes', ...args], { env });
    await run('--agent', 'coder');
    expect((await run('--agent', 'coder')).err).toContain('(c-1) is revoked');
    const { exitCode, err } = await run('--uninstall');
    await gateway.close();
    expect(exitCode).toBe(0);
    expect(err).toContain('(c-2) is revoked');
    const deleted = gateway.asked.filter(({ method }) => method === 'DELETE');
    expect(deleted.map(({ url }) => url.split('/').at(-1))).toEqual(['c-1', 'c-2']);
    expect(existsSync(join(home, '.config/estop/hooks/claude.json'))).toBe(false);
  });

  it.each([
    ['cannot be reached', {}],
    ['is another one', { ESTOP_URL: 'http://127.0.0.1:1', ESTOP_KEY: 'other' }],
  ])('says how to revoke the key when the gateway %s', async (_, other) => {
    const home = newHome();
    const gateway = await startScripted({
      'POST /v1/agents/coder/credentials': { status: 201, json: { id: 'c-1', secret: 's' } },
    });
    const env = { ...gateway.env, HOME: home };
    await runLine(['install', 'claude', '--agent', 'coder', '--yes'], { env });
    await gateway.close();
    const { exitCode, err } = await runLine(['install', 'claude', '--uninstall', '--yes'], {
      env: { ...env, ...other },
    });
    expect(exitCode).toBe(7);
    expect(err).toContain('lives on');
    expect(err).toContain(`ESTOP_URL=${gateway.env['ESTOP_URL']} estop agents revoke coder c-1`);
    expect(existsSync(fileIn(home, 'claude'))).toBe(false);
  });

  it.each([
    ['claude', 'vscode', 'vscode'],
    ['copilot', 'vscode', 'vscode'],
    ['vscode', 'claude', 'vscode'],
    ['claude', 'copilot', 'claude'],
  ] as const)('of %s and then %s says that VS Code asks twice', async (first, second, spare) => {
    const home = newHome();
    expect((await install(home, first, '--yes')).err).not.toContain('asked about twice');
    const { exitCode, err } = await install(home, second, '--yes');
    expect(exitCode).toBe(0);
    expect(err).toContain(fileIn(home, first));
    expect(err).toContain(`estop install ${spare} --uninstall`);
    expect((await install(home, 'codex', '--yes')).err).not.toContain('asked about twice');
  });

  it('writes no settings when no key was issued', async () => {
    const home = newHome();
    const gateway = await startScripted({});
    const env = { ...gateway.env, HOME: home };
    const { exitCode } = await runLine(['install', 'claude', '--agent', 'nobody', '--yes'], {
      env,
    });
    await gateway.close();
    expect(exitCode).toBe(5);
    expect(existsSync(fileIn(home, 'claude'))).toBe(false);
  });
});
