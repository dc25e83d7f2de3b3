/** Claude Code's hook as it runs it: the real command as a process, against a real estop. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EstopProcess } from './estop-process.ts';

const MAIN = join(import.meta.dirname, 'estop-from-source.ts');
const COMMAND = ['--import', 'tsx', '--conditions=@estop/source', MAIN, 'hook', '--host', 'claude'];
const REPOSITORY = join(import.meta.dirname, '../..');

const FILES = {
  'agents.yaml': 'agents: { coder: { owner: dana@example.com } }\n',
  'tools.yaml': `
tools:
  Bash: { tier: write }
  mcp.github.delete_branch: { tier: destructive }
`,
  'limits.yaml': 'budgets: []\n',
  'people.yaml': 'people: { dana@example.com: { role: admin } }\n',
  'policies/coder.cedar': `
@id("shell") permit (principal, action == Action::"Bash", resource);
@id("branches")
permit (principal, action == Action::"mcp.github.delete_branch", resource)
when { context.approval.granted };
`,
};

/** A PreToolUse event of Claude Code 2.1. */
function preToolUse(tool: string, input: object, useId: string): object {
  return {
    session_id: '0c8f2f3e-6f5d-4b8a-9a53-1b2f6f7f2d11',
    transcript_path: '/home/dana/.claude/projects/shop/0c8f2f3e.jsonl',
    cwd: '/home/dana/shop',
    prompt_id: '5f0c3f0e-9d0c-4d56-8a06-6d5b0a3a9d10',
    permission_mode: 'default',
    hook_event_name: 'PreToolUse',
    tool_name: tool,
    tool_input: input,
    tool_use_id: useId,
  };
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe('the hook of Claude Code', () => {
  const estop = new EstopProcess({ files: FILES });
  const home = mkdtempSync(join(tmpdir(), 'estop-hook-home-'));
  let key = '';

  beforeAll(async () => {
    await estop.start();
    key = await estop.agentKey('coder');
  }, 90_000);

  afterAll(async () => {
    await estop.dispose();
    rmSync(home, { recursive: true, force: true });
  });

  it('lets a permitted call run, and reports what became of it', async () => {
    const before = preToolUse('Bash', { command: 'ls' }, 'toolu_01');
    expect(await hook(before)).toEqual({ code: 0, out: '{}\n', err: '' });
    const after = { ...before, hook_event_name: 'PostToolUse', tool_response: 'a', duration_ms: 7 };
    expect(await hook(after)).toEqual({ code: 0, out: '{}\n', err: '' });
    const { body } = await estop.get('/v1/records?agent=coder');
    expect(JSON.stringify(body)).toContain('"durationMs":7');
  });

  it('denies what no rule permits, with the reason for the model', async () => {
    const denied = await hook(preToolUse('WebFetch', { url: 'https://example.com' }, 'toolu_02'));
    expect(denied.code).toBe(0);
    expect(reasonOf(denied)).toMatch(/^estop: .+ \(not-permitted\)$/);
  });

  it('lets a call that waited for a person run once after the yes', async () => {
    const event = preToolUse('mcp__github__delete_branch', { branch: 'release' }, 'toolu_03');
    const waits = reasonOf(await hook(event));
    expect(waits).toContain('make the same call again after the yes');
    await approve(waits);
    const again = await Promise.all([hook(event), hook(event)]);
    expect(again.filter(({ out }) => out === '{}\n')).toHaveLength(1);
    expect(again.map(({ code }) => code)).toEqual([0, 0]);
  });

  it('denies everything while the agent is halted, what was approved before it too', async () => {
    const event = preToolUse('mcp__github__delete_branch', { branch: 'hotfix' }, 'toolu_06');
    await approve(reasonOf(await hook(event)));
    await estop.post('/v1/halts', {
      scope: { agent: 'coder' },
      mode: 'pause',
      reason: 'look first',
    });
    const halted = await hook(preToolUse('Bash', { command: 'ls' }, 'toolu_04'));
    expect(reasonOf(halted)).toMatch(/\(halted\)$/);
    expect(reasonOf(await hook(event))).toMatch(/\(halted\)$/);
  });

  it('denies everything when estop is gone', async () => {
    await estop.stop('SIGKILL');
    const { code, out } = await hook(preToolUse('Bash', { command: 'ls' }, 'toolu_05'));
    expect(code).toBe(0);
    expect(out).toContain('"permissionDecision":"deny"');
  });

  async function approve(reason: string): Promise<void> {
    const id = /Approval (\S+) waits/.exec(reason)?.[1] ?? '';
    const { body } = await estop.get('/v1/approvals?state=pending');
    const { digest } = body['approvals'].find((one: { id: string }) => one.id === id);
    const path = `/v1/approvals/${encodeURIComponent(id)}`;
    const { status } = await estop.post(path, { decision: 'approve', digest });
    expect(status).toBe(200);
  }

  function hook(event: object): Promise<Ran> {
    const child = spawn(process.execPath, COMMAND, {
      cwd: REPOSITORY,
      env: {
        ...process.env,
        HOME: home,
        XDG_CONFIG_HOME: '',
        ESTOP_URL: estop.url,
        ESTOP_KEY: key,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk;
    });
    child.stdin.end(JSON.stringify(event));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  }
});

function reasonOf({ out }: Ran): string {
  return JSON.parse(out).hookSpecificOutput.permissionDecisionReason;
}
