import { EventEmitter, once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Ran, runLine, startScripted } from './memory-io.ts';

const ENV = { ESTOP_PARTITIONS: '3', ESTOP_LOG_LEVEL: 'silent' };
const FLEET = {
  'agents.yaml': 'agents:\n  a: { owner: dana@example.com, groups: [g] }\n',
  'tools.yaml': 'tools:\n  crm.read: { tier: read }\n  crm.drop: { tier: write }\n',
  'people.yaml': 'people:\n  dana@example.com: { role: admin }\n',
  'policies/rules.cedar': [
    '@id("reads") permit (principal, action in Action::"tier-read", resource);',
    '@id("drops-ask") permit (principal, action == Action::"crm.drop", resource)',
    '  when { context.approval.granted };',
  ].join('\n'),
};

let folder: string;
let running: Running | undefined;

interface Running {
  readonly url: string;
  /** Stops it as Ctrl-C does. */
  stop(): Promise<Ran>;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'estop-start-'));
  mkdirSync(join(folder, 'fleet', 'policies'), { recursive: true });
  for (const [path, text] of Object.entries(FLEET))
    writeFileSync(join(folder, 'fleet', path), text);
});

afterEach(async () => {
  await running?.stop();
  running = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function start(...more: readonly string[]): Promise<Running> {
  const stopping = new AbortController();
  const announced = new EventEmitter();
  const demo = more.includes('--demo') ? [] : ['--no-demo'];
  const args = [
    'start',
    ...demo,
    '--port',
    '0',
    '--data',
    join(folder, 'data'),
    ...more.filter((one) => one !== '--demo'),
  ];
  const ran = runLine(args, {
    env: ENV,
    cwd: folder,
    signal: stopping.signal,
    onOut: (text) => {
      const url = /^estop ready (http:\S+)$/m.exec(text)?.[1];
      if (url !== undefined) announced.emit('ready', url);
    },
  });
  const [url] = await Promise.race([once(announced, 'ready'), ran.then(failWith)]);
  return {
    url,
    stop() {
      stopping.abort();
      return ran;
    },
  };
}

function failWith({ err }: Ran): never {
  throw new Error(err);
}

function estop(...args: readonly string[]): Promise<Ran> {
  return runLine([...args, '--data', join(folder, 'data')], { env: ENV });
}

/** By the operator in the place of the agent, or by the agent with its own key. */
function propose(id: string, tool: string, key?: string): Promise<Ran> {
  const stdin = JSON.stringify({ id, tool, arguments: { id: 'c-1' }, reason: 'to see' });
  const args = ['propose', '--agent', 'a', '--data', join(folder, 'data')];
  const env = key === undefined ? ENV : { ...ENV, ESTOP_KEY: key };
  return runLine(args, { env, stdin });
}

/** `estop halt` beside the running process, with a gateway in front that answers so. */
async function haltWhere(status: number): Promise<Ran> {
  const front = await startScripted({
    'POST /v1/halts': { status, json: { detail: 'said by the test' } },
  });
  const env = { ...ENV, ...front.env };
  const halt = await runLine(['halt', 'a', '--data', join(folder, 'data')], { env });
  await front.close();
  return halt;
}

describe('estop start', () => {
  it('serves, decides, halts, lifts and explains, on a fleet folder of its own', async () => {
    running = await start('--fleet', 'fleet');
    expect((await estop('status')).out).toContain(`ready  ${running.url}`);
    const allowed = await propose('i1', 'crm.read');
    expect(allowed.exitCode).toBe(0);
    expect(JSON.parse(allowed.out)).toMatchObject({ decision: 'allow', rules: ['reads'] });

    const halt = await estop('halt', 'a', '--reason', 'too eager');
    expect(halt.out).toMatch(/^halted agent a \(pause, epoch 1\): /);
    const halted = await propose('i2', 'crm.read');
    expect(halted.exitCode).toBe(3);
    expect(JSON.parse(halted.out)).toMatchObject({ decision: 'deny', reason: 'halted' });
    expect((await estop('lift', 'a', '--reason', 'calm again')).exitCode).toBe(0);
    expect((await propose('i3', 'crm.read')).exitCode).toBe(0);

    const story = await estop('explain', 'i2', '--agent', 'a');
    expect(story.out).toContain('operator@local asked for a to call crm.read (read)');
    expect(story.out).toContain('(halted)');
  });

  it('asks people: approves by the digest that was read, rejects another', async () => {
    running = await start('--fleet', 'fleet');
    const key = (await estop('agents', 'key', 'a')).out.trim();
    const first = await propose('i1', 'crm.drop', key);
    expect(first.exitCode).toBe(0);
    expect(JSON.parse(first.out)).toMatchObject({ decision: 'needs-approval' });
    await propose('i2', 'crm.drop', key);
    await propose('i3', 'crm.drop');
    // What waits is a projection of the log: it follows the decision.
    const digest = await vi.waitFor(async () => {
      const pending = (await estop('approvals', '-o', 'json')).out.trim().split('\n');
      expect(pending).toHaveLength(3);
      return JSON.parse(pending[0] ?? '').digest as string;
    });
    expect((await estop('approve', 'a:i1', '--digest', digest.slice(0, 19))).exitCode).toBe(0);
    expect((await estop('reject', 'a:i2', '--reason', 'no')).exitCode).toBe(0);
    expect((await estop('reject', 'a:i2', '--digest', digest)).exitCode).toBe(6);
    // Nobody approves what they asked for themselves.
    expect((await estop('approve', 'a:i3', '--digest', digest)).exitCode).toBe(4);
    const approved = await propose('i1', 'crm.drop', key);
    expect(JSON.parse(approved.out)).toMatchObject({ decision: 'allow', reason: 'approved' });
    expect((await propose('i2', 'crm.drop', key)).exitCode).toBe(3);
    expect((await estop('explain', 'i1')).out).toContain('operator@local voted approve');
  });

  it('halts by the socket of the data folder when nobody answers over HTTP', async () => {
    running = await start('--fleet', 'fleet');
    const elsewhere = { ...ENV, ESTOP_URL: 'http://127.0.0.1:9', ESTOP_KEY: 'wrong' };
    const data = ['--data', join(folder, 'data')];
    const halt = await runLine(['halt', 'a', '--mode', 'kill', ...data], { env: elsewhere });
    expect(halt.exitCode).toBe(0);
    expect(halt.out).toMatch(/^halted agent a \(kill, epoch 1\): /);
    expect(halt.err).toContain('halted by the socket');
    expect(JSON.parse((await propose('i1', 'crm.read')).out)).toMatchObject({ reason: 'halted' });
    // An address that answers, with a key that nobody accepts.
    const wrongKey = { ...ENV, ESTOP_URL: running.url, ESTOP_KEY: 'estop_wrong' };
    const again = await runLine(['halt', '--fleet', ...data], { env: wrongKey });
    expect(again).toMatchObject({ exitCode: 0, err: expect.stringContaining('by the socket') });
    expect((await estop('halt', '--group', 'g', '--socket', '-o', 'json')).exitCode).toBe(0);
    expect((await estop('status')).out).toContain('the fleet');
  });

  it('halts by the socket when HTTP takes the connection and never answers', async () => {
    running = await start('--fleet', 'fleet');
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = mute.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const env = { ...ENV, ESTOP_URL: `http://127.0.0.1:${port}`, ESTOP_KEY: 'key' };
    const args = ['halt', 'a', '--wait', '60s', '--data', join(folder, 'data')];
    const halt = await runLine(args, { env });
    mute.close();
    expect(halt).toMatchObject({ exitCode: 0, err: expect.stringContaining('by the socket') });
  }, 15_000);

  it('halts by the socket when the server is in trouble or knows nobody', async () => {
    running = await start('--fleet', 'fleet');
    for (const status of [401, 429, 500, 503]) {
      const { exitCode, err } = await haltWhere(status);
      expect({ status, exitCode }).toEqual({ status, exitCode: 0 });
      expect(err).toContain('by the socket');
    }
  });

  it('does not halt by the socket what the gateway has refused', async () => {
    running = await start('--fleet', 'fleet');
    for (const status of [400, 403, 404, 409, 413, 422]) {
      const { exitCode, err } = await haltWhere(status);
      expect({ status, isHalted: exitCode === 0 }).toEqual({ status, isHalted: false });
      expect(err).not.toContain('by the socket');
    }
    // A slip of the hand, which would stand until it is lifted.
    expect((await estop('halt', 'a', '--for', '30x')).exitCode).toBe(2);
    expect(JSON.parse((await propose('i1', 'crm.read')).out)).toMatchObject({ decision: 'allow' });
  });

  it('halts by no socket without the key of the data folder', async () => {
    running = await start('--fleet', 'fleet');
    writeFileSync(join(folder, 'data', 'operator.key'), 'estop_wrong');
    const halt = await estop('halt', 'a', '--socket');
    expect(halt).toMatchObject({ exitCode: 4, err: expect.stringContaining('operator key') });
    expect((await estop('halt', '--socket', '--fleet')).exitCode).toBe(4);
  });

  it('drains when it is stopped, and goes on from the log when it starts again', async () => {
    running = await start('--fleet', 'fleet');
    const first = await propose('i1', 'crm.read');
    await estop('halt', '--tool', 'crm.drop');
    const stopped = await running.stop();
    expect(stopped.exitCode).toBe(0);
    expect(stopped.out).toBe(`estop ready ${running.url}\n`);
    expect(existsSync(join(folder, 'data', 'address'))).toBe(false);
    expect((await estop('verify')).exitCode).toBe(0);

    running = await start();
    expect(readFileSync(join(folder, 'data', 'address'), 'utf8')).toBe(`${running.url}\n`);
    const { permit: _, ...decided } = JSON.parse(first.out);
    expect(JSON.parse((await propose('i1', 'crm.read')).out)).toMatchObject({
      ...decided,
      expiresAt: expect.any(Number),
    });
    expect(JSON.parse((await propose('i2', 'crm.drop')).out)).toMatchObject({ reason: 'halted' });
    const verified = await estop('verify');
    expect(verified.exitCode).toBe(0);
    expect(verified.err).toContain('its state is the live one');
  });

  it('applies another fleet while it runs, and keeps the old one when that has problems', async () => {
    running = await start('--fleet', 'fleet');
    const fleet = join(folder, 'fleet');
    writeFileSync(join(fleet, 'agents.yaml'), 'agents: 7\n');
    expect((await estop('apply', fleet)).exitCode).toBe(1);
    expect((await propose('i1', 'crm.read')).exitCode).toBe(0);
    writeFileSync(join(fleet, 'agents.yaml'), 'agents:\n  b: { owner: dana@example.com }\n');
    expect((await estop('apply', fleet)).out).toMatch(/^applied sha256:/);
    expect(JSON.parse((await propose('i2', 'crm.read')).out)).toMatchObject({
      reason: 'agent-unknown',
    });
  });

  it('runs without the demo when the fleet does not have its agents', async () => {
    running = await start('--fleet', 'fleet', '--demo');
    expect((await propose('i1', 'crm.read')).exitCode).toBe(0);
    const { exitCode, err } = await running.stop();
    expect(exitCode).toBe(0);
    expect(err).toContain('the demo does not run');
  });

  it('refuses a data folder that another process holds', async () => {
    running = await start('--fleet', 'fleet');
    await expect(start()).rejects.toThrow('another process holds');
  });

  it('does not start on a fleet with problems', async () => {
    writeFileSync(join(folder, 'fleet', 'tools.yaml'), 'tools: 7\n');
    await expect(start('--fleet', 'fleet')).rejects.toThrow('tools.yaml:1:');
  });
});
