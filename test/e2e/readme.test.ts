/** The README's commands, run one by one as a new user would, on what `npm start` starts. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const REPOSITORY = join(import.meta.dirname, '../..');
const README = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
const BIN = join(REPOSITORY, 'services/cli/bin/estop.mjs');
const WITH_DEMO = /^npx estop (?!mcp --agent).*$/gm;
const AS_SERVER = /^npx estop mcp --agent.*$/gm;

/** Commands of the README's shell blocks that begin so. */
function commandsOf(pattern: RegExp): readonly string[] {
  const blocks = [...README.matchAll(/```sh\n([^`]*)```/g)].map(([, block]) => block ?? '');
  return blocks.flatMap((block) => block.match(pattern) ?? []);
}

function argsOf(command: string): readonly string[] {
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)];
  return words.slice(2).map(([, quoted, word]) => String(quoted ?? word));
}

describe('the README', () => {
  let started: ChildProcess;
  const folder = mkdtempSync(join(tmpdir(), 'estop-readme-'));
  const env = { ...process.env, ESTOP_DATA: folder, ESTOP_PORT: '0', NO_COLOR: '1' };
  /** What is installed for the user is installed here. */
  const home = { HOME: join(folder, 'home'), XDG_CONFIG_HOME: '', CLAUDE_CONFIG_DIR: '' };

  beforeAll(async () => {
    // npm start builds when needed, starts everything and the demo fleet.
    started = spawn('npm', ['start'], {
      cwd: REPOSITORY,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      started.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('estop ready http://127.0.0.1:')) resolve();
      });
      started.once('exit', (code) => reject(new Error(`npm start ended with ${code}`)));
    });
    // The story of the demo issues keys to its agents first.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
  }, 180_000);

  afterAll(async () => {
    const ended = new Promise<number | null>((resolve) => started.once('exit', resolve));
    started.kill('SIGINT');
    expect(await ended).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  it('names commands of the command line', () => {
    expect(commandsOf(WITH_DEMO).length).toBeGreaterThanOrEqual(7);
  });

  it.each(commandsOf(WITH_DEMO))('`%s` works', async (command) => {
    const { code, out } = await run(argsOf(command));
    expect(code, out).toBe(0);
    expect(out).not.toBe('');
  });

  it('has an MCP server behind it with one line', async () => {
    const [command = ''] = commandsOf(AS_SERVER);
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [BIN, ...argsOf(command)],
      env: { PATH: process.env['PATH'] ?? '', ESTOP_DATA: folder },
      cwd: REPOSITORY,
      stderr: 'ignore',
    });
    const client = new Client({ name: 'readme', version: '1' });
    await client.connect(transport);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('write_file');
    const path = join(folder, 'x');
    const refused = await client.callTool({ name: 'write_file', arguments: { path, content: '' } });
    expect(refused.isError).toBe(true);
    expect(JSON.stringify(refused.content)).toContain('estop: ');
    await client.close();
  });

  it('has put Claude Code behind it with one line', async () => {
    const settings = readFileSync(join(home.HOME, '.claude/settings.json'), 'utf8');
    const [{ command }] = JSON.parse(settings).hooks.PreToolUse[0].hooks;
    const event = {
      session_id: 's-1',
      hook_event_name: 'PreToolUse',
      tool_name: 'Bash',
      tool_input: { command: 'rm -r build' },
      tool_use_id: 'toolu_1',
    };
    const child = spawn('sh', ['-c', command], {
      env: { ...process.env, ...home },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk;
    });
    child.stdin.end(JSON.stringify(event));
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    const { permissionDecision, permissionDecisionReason } = JSON.parse(out).hookSpecificOutput;
    expect(permissionDecision).toBe('deny');
    expect(permissionDecisionReason).toMatch(/\((not-permitted|forbidden)\)$/);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
    const named = [...README.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name]) => name ?? '');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  function run(args: readonly string[]): Promise<{ readonly code: unknown; readonly out: string }> {
    return new Promise((resolve) => {
      const options = { cwd: REPOSITORY, env: { ...env, ...home } };
      execFile(process.execPath, [BIN, ...args], options, (error, out, err) => {
        resolve({ code: error?.code ?? 0, out: `${out}${err}` });
      });
    });
  }
});
