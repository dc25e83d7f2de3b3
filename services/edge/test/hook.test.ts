import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { intentDigest } from '@estop/schemas/digest';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer } from '../src/asker.ts';
import { hookPointName } from '../src/domain/hooks/point-name.ts';
import { toolNameOf } from '../src/domain/hooks/tool-name.ts';
import { folderMemory } from '../src/hook-memory.ts';
import { hookPermitFlaw } from '../src/hook-permit.ts';
import { memoryInProcess, replyTo, scripted } from './hook-case.ts';

const BEFORE = {
  session_id: 's-1',
  hook_event_name: 'PreToolUse',
  tool_name: 'Bash',
  tool_input: { command: 'rm -r build' },
  tool_use_id: 'toolu_1',
};
const AFTER = { ...BEFORE, hook_event_name: 'PostToolUse', tool_response: 'done', duration_ms: 12 };
const ALLOWED = '{}\n';

const allow = (tier: 'read' | 'write' | null = 'write') => {
  return (intentId: string): Answer => ({
    intentId,
    decision: 'allow',
    reason: 'permitted',
    message: '',
    permit: null,
    tier,
    readAgainMs: 0,
  });
};

const wait = (intentId: string): Answer => ({
  intentId,
  decision: 'needs-approval',
  reason: 'approval-required',
  message: 'a person must look',
  approval: { id: `coder:${intentId}`, expiresAt: 1_768_446_900_000 },
});

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'estop-hook-'));
  folders.push(folder);
  return join(folder, 'memory');
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('a call that waits for a person', () => {
  it('goes through once after the yes, whichever of two processes makes it again first', async () => {
    const folder = newFolder();
    const asking = scripted(wait);
    await replyTo(BEFORE, { host: 'claude', asker: asking.asker, memory: folderMemory(folder) });
    const approved = scripted((id) => (asking.asked.includes(id) ? allow()(id) : wait(id)));
    const again = () =>
      replyTo(BEFORE, { host: 'claude', asker: approved.asker, memory: folderMemory(folder) });
    const replies = await Promise.all([again(), again(), again(), again()]);
    const allowed = replies.filter(({ stdout }) => stdout === ALLOWED);
    expect(allowed).toHaveLength(1);
    expect(replies.every(({ exitCode }) => exitCode === 0)).toBe(true);
  });

  it('is told the same approval while nobody has answered', async () => {
    const memory = memoryInProcess();
    const { asker, asked } = scripted(wait);
    const first = await replyTo(BEFORE, { host: 'claude', asker, memory });
    const second = await replyTo(BEFORE, { host: 'claude', asker, memory });
    expect(second).toEqual(first);
    expect(new Set(asked).size).toBe(1);
  });

  it('is another call with other arguments, or of another agent', async () => {
    const memory = memoryInProcess();
    const { asker, asked } = scripted(wait);
    await replyTo(BEFORE, { host: 'claude', asker, memory });
    const other = { ...BEFORE, tool_input: { command: 'rm -r /' } };
    await replyTo(other, { host: 'claude', asker, memory });
    await replyTo(BEFORE, { host: 'claude', asker, memory, identity: 'sha256:two' });
    expect(new Set(asked).size).toBe(3);
  });

  it('is asked about anew after a no was told', async () => {
    const memory = memoryInProcess();
    const asking = scripted(wait);
    await replyTo(BEFORE, { host: 'claude', asker: asking.asker, memory });
    const rejected = scripted((intentId) => ({
      intentId,
      decision: 'deny',
      reason: 'approval-rejected',
      message: 'no',
      retryAfterMs: null,
    }));
    const told = await replyTo(BEFORE, { host: 'claude', asker: rejected.asker, memory });
    expect(told.stdout).toContain('approval-rejected');
    const anew = scripted(wait);
    await replyTo(BEFORE, { host: 'claude', asker: anew.asker, memory });
    expect(anew.asked).not.toEqual(asking.asked);
  });
});

describe('a call that waits where the gateway no longer knows of it', () => {
  it('is asked about anew', async () => {
    const memory = memoryInProcess();
    const { asker, asked } = scripted(wait);
    await replyTo(BEFORE, { host: 'claude', asker, memory });
    const forgetful = { ...asker, wait: () => Promise.reject(new Error('not found')) };
    const { stdout } = await replyTo(BEFORE, { host: 'claude', asker: forgetful, memory });
    expect(stdout).toContain('make the same call again');
    expect(new Set(asked).size).toBe(2);
  });
});

describe('an answer', () => {
  it.each([
    ['write', 2_999, true],
    ['write', 3_000, false],
    [null, 3_000, false],
    ['read', 60_000, true],
  ] as const)('about a %s call after %d ms lets it run: %s', async (tier, tookMs, runs) => {
    const { asker, outcomes } = scripted(allow(tier));
    const reply = await replyTo(BEFORE, { host: 'claude', asker, timesMs: [100, 100 + tookMs] });
    expect(reply.stdout === ALLOWED).toBe(runs);
    expect(outcomes.map(({ status }) => status)).toEqual(runs ? [] : ['cancelled']);
  });

  it('about another intent blocks', async () => {
    const { asker } = scripted(() => allow()('another'));
    const { exitCode, stderr, stdout } = await replyTo(BEFORE, { host: 'claude', asker });
    expect({ exitCode, stderr, stdout }).toEqual({
      exitCode: 2,
      stderr: 'estop: the answer is about another intent\n',
      stdout: '',
    });
  });

  it('with a permit that is not for this call here denies, and the intent is cancelled', async () => {
    const { asker, outcomes } = scripted(allow());
    const permitFlaw = () => 'audience' as const;
    const reply = await replyTo(BEFORE, { host: 'claude', asker, permitFlaw });
    expect(reply.stdout).toContain('the permit is for another enforcement point');
    expect(outcomes).toMatchObject([{ status: 'cancelled' }]);
  });
});

describe('a permit at a hook', () => {
  const use = {
    intentId: 'i-1',
    tool: 'Bash',
    argumentsText: '{"command":"ls"}',
    point: 'hook-claude-box',
    ageMs: 10,
  };
  const claims = {
    sub: 'coder',
    aud: use.point,
    jti: 'p-1',
    iat: 1_768_446_000,
    exp: 1_768_446_005,
    intent: 'i-1',
    tool: 'Bash',
    tier: 'write',
    digest: intentDigest('coder', 'Bash', use.argumentsText),
    groups: [],
    epochs: {},
    record: { partition: 0, offset: 1 },
    spendUntil: 1_768_446_010_000,
    decidedAt: 1_768_446_000_000,
  };
  const permit = (change: object) => {
    const payload = Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url');
    return `h.${payload}.s`;
  };

  it.each([
    ['missing', null],
    ['signature', 'not a permit'],
    ['arguments', permit({ intent: 'i-2' })],
    ['audience', permit({ aud: 'hook-claude-other' })],
    ['tool', permit({ tool: 'Read' })],
    ['arguments', permit({ digest: intentDigest('coder', 'Bash', '{}') })],
    ['expired', permit({ exp: claims.iat })],
  ] as const)('is refused: %s', (flaw, text) => {
    expect(hookPermitFlaw(text, use)).toBe(flaw);
  });

  it('is good for exactly the call that was asked about, here and in time', () => {
    expect(hookPermitFlaw(permit({}), use)).toBeNull();
  });
});

describe('the outcome of a call', () => {
  it('is reported once, with duration and digest, by the process that hears of its end', async () => {
    const folder = newFolder();
    const { asker, asked, outcomes } = scripted(allow());
    await replyTo(BEFORE, { host: 'claude', asker, memory: folderMemory(folder) });
    await replyTo(AFTER, { host: 'claude', asker, memory: folderMemory(folder) });
    await replyTo(AFTER, { host: 'claude', asker, memory: folderMemory(folder) });
    const resultDigest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
    expect(outcomes).toEqual([{ intentId: asked[0], status: 'ok', durationMs: 12, resultDigest }]);
  });

  it.each([
    ['error', false],
    ['cancelled', true],
  ] as const)('that failed is reported as %s', async (status, isInterrupt) => {
    const memory = memoryInProcess();
    const { asker, outcomes } = scripted(allow());
    await replyTo(BEFORE, { host: 'claude', asker, memory });
    const failed = { ...BEFORE, hook_event_name: 'PostToolUseFailure', error: 'exit 1' };
    await replyTo({ ...failed, is_interrupt: isInterrupt }, { host: 'claude', asker, memory });
    expect(outcomes).toMatchObject([{ status, error: 'exit 1' }]);
  });

  it('that estop does not take is said on stderr, and the result is not hidden', async () => {
    const memory = memoryInProcess();
    const { asker } = scripted(allow());
    await replyTo(BEFORE, { host: 'claude', asker, memory });
    const deaf = { ...asker, outcome: async () => false };
    const { stdout, stderr, exitCode } = await replyTo(AFTER, {
      host: 'claude',
      asker: deaf,
      memory,
    });
    expect({ stdout, exitCode }).toEqual({ stdout: ALLOWED, exitCode: 0 });
    expect(stderr).toMatch(/^estop: the outcome of .* could not be reported\n$/);
  });

  it('of hosts that do not number calls is found by tool and arguments', async () => {
    const memory = memoryInProcess();
    const { asker, outcomes } = scripted(allow());
    const before = { toolName: 'bash', toolArgs: '{"command":"ls"}', sessionId: 's-1' };
    let nowMs = 1_000;
    const setting = { host: 'copilot', asker, memory, nowMs: () => nowMs };
    await replyTo(before, setting);
    nowMs = 1_250;
    await replyTo({ ...before, toolResult: { resultType: 'failure' } }, setting);
    expect(outcomes).toMatchObject([{ status: 'error', durationMs: 250 }]);
  });
});

describe('both events of one call in Cursor', () => {
  const base = { conversation_id: 'c-1', generation_id: 'g-1', workspace_roots: [] };
  const command = 'npm test';
  const generic = {
    ...base,
    hook_event_name: 'preToolUse',
    tool_name: 'Shell',
    tool_input: { command },
    tool_use_id: 'u-1',
  };
  const granular = { ...base, hook_event_name: 'beforeShellExecution', command };

  it('are one question', async () => {
    const memory = memoryInProcess();
    const { asker, asked } = scripted(allow());
    const setting = { host: 'cursor', asker, memory };
    await replyTo(generic, setting);
    const { stdout } = await replyTo(granular, setting);
    expect({ stdout, asked: asked.length }).toEqual({
      stdout: '{"permission":"allow"}\n',
      asked: 1,
    });
  });

  it.each([
    ['a third event', granular, 0],
    ['another command', { ...granular, command: 'npm publish' }, 0],
    ['an event that comes too late', granular, 10_001],
  ])('do not let %s through unasked', async (_, event, laterMs) => {
    const memory = memoryInProcess();
    const { asker, asked } = scripted(allow());
    let nowMs = 1_000;
    const setting = { host: 'cursor', asker, memory, nowMs: () => nowMs };
    await replyTo(generic, setting);
    if (event === granular && laterMs === 0) await replyTo(granular, setting);
    nowMs += laterMs;
    await replyTo(event, setting);
    expect(asked).toHaveLength(2);
  });

  it('are two questions when the first was denied', async () => {
    const memory = memoryInProcess();
    const { asker, asked } = scripted(wait);
    await replyTo(generic, { host: 'cursor', asker, memory });
    await replyTo(granular, { host: 'cursor', asker, memory });
    expect(asked).toHaveLength(2);
  });
});

describe('names', () => {
  it.each([
    ['Bash', 'Bash'],
    ['mcp__github__delete_branch', 'mcp.github.delete_branch'],
    ['mcp__a__b__c.d', 'mcp.a.b__c.d'],
    ['mcp__a.b__c', 'mcp__a.b__c'],
    ['mcp.github.delete_branch', undefined],
    ['two words', undefined],
    ['', undefined],
  ])('of the tool %s are %s in the catalogue', (raw, name) => {
    expect(toolNameOf(raw)).toBe(name);
  });

  it('of two tools are never one', () => {
    const part = fc.stringMatching(/^[a-b._]{1,5}$/);
    const raw = fc.oneof(
      fc.tuple(part, part).map(([server, tool]) => `mcp__${server}__${tool}`),
      fc.tuple(part, part).map(([server, tool]) => `mcp.${server}.${tool}`),
      part,
    );
    fc.assert(
      fc.property(raw, raw, (one, other) => {
        fc.pre(one !== other && toolNameOf(one) !== undefined);
        expect(toolNameOf(one)).not.toBe(toolNameOf(other));
      }),
      { numRuns: 2_000 },
    );
  });

  it('of enforcement points are names, whatever the machine is called', () => {
    expect(hookPointName('claude', "Dana's MacBook.local")).toBe(
      'hook-claude-Dana-s-MacBook.local',
    );
    expect(hookPointName('codex', 'x'.repeat(300))).toHaveLength(128);
  });
});

describe('the memory of hooks', () => {
  it('is for its owner alone and stays bounded', async () => {
    const folder = newFolder();
    const { running } = folderMemory(folder);
    expect(existsSync(folder)).toBe(false);
    for (let index = 0; index < 200; index += 1) {
      await running.keep(`call ${index % 20}`, { text: 'i', atMs: index });
    }
    expect(readdirSync(join(folder, 'running')).length).toBeLessThanOrEqual(20);
    expect(statSync(join(folder, 'running')).mode & 0o077).toBe(0);
  });

  it('gives a note to one of all that ask for it', async () => {
    const folder = newFolder();
    await folderMemory(folder).twins.keep('k', { text: 'one', atMs: 1 });
    const takes = Array.from({ length: 8 }, () => folderMemory(folder).twins.take('k'));
    const got = (await Promise.all(takes)).filter((note) => note !== null);
    expect(got).toHaveLength(1);
  });
});

describe('an event', () => {
  it.each([
    ['too large', `"${'x'.repeat(16 * 1024 * 1024)}"`],
    ['no object', '[1]'],
    ['without a session', JSON.stringify({ ...BEFORE, session_id: undefined })],
    ['with arguments that are no object', JSON.stringify({ ...BEFORE, tool_input: [1] })],
    ['with a tool that cannot be named', JSON.stringify({ ...BEFORE, tool_name: 'a b' })],
  ])('that is %s blocks', async (_, text) => {
    const { asker, asked } = scripted(allow());
    const { exitCode, stdout, stderr } = await replyTo(text, { host: 'claude', asker });
    expect({ exitCode, stdout, asked }).toEqual({ exitCode: 2, stdout: '', asked: [] });
    expect(stderr).toMatch(/^estop: .+\n$/);
  });

  it('of any kind never ends with 1', async () => {
    const hosts = fc.constantFrom('claude', 'codex', 'gemini', 'cursor', 'copilot', 'vscode');
    const fields = fc.constantFrom(...Object.keys({ ...BEFORE, toolName: 1, toolArgs: 1 }));
    const events = fc.dictionary(fields, fc.oneof(fc.constantFrom('PreToolUse'), fc.jsonValue()));
    await fc.assert(
      fc.asyncProperty(hosts, events, async (host, event) => {
        const { asker } = scripted(allow());
        const { exitCode, stdout, stderr } = await replyTo(event, { host, asker });
        if (exitCode === 0) expect(() => JSON.parse(stdout)).not.toThrow();
        else
          expect({ exitCode, stdout, said: stderr !== '' }).toEqual({
            exitCode: 2,
            stdout: '',
            said: true,
          });
      }),
    );
  });
});
