import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { intentDigest } from '@estop/schemas/digest';
import { describe, expect, it } from 'vitest';
import { httpFetch } from '../src/http-fetch.ts';
import { type Asked, runLine, startScripted } from './memory-io.ts';

const EVENT = JSON.stringify({
  session_id: 's-1',
  hook_event_name: 'PreToolUse',
  tool_name: 'Bash',
  tool_input: { command: 'ls' },
  tool_use_id: 'toolu_1',
});

/** As a gateway allows it: with a permit for the call at the point that asked. */
function allow({ text }: Asked) {
  const { id, point, tool, arguments: args } = JSON.parse(text);
  const iat = Date.now() / 1_000;
  const claims = {
    ...{ sub: 'coder', aud: point, jti: id, intent: id, tool, tier: 'write', iat, exp: iat + 30 },
    digest: intentDigest('coder', tool, JSON.stringify(args)),
    ...{ groups: [], epochs: {}, record: { partition: 0, offset: 1 }, spendUntil: 0 },
    decidedAt: Date.now(),
  };
  const permit = `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;
  return {
    json: {
      intentId: id,
      decision: 'allow',
      reason: 'permitted',
      message: '',
      tier: 'write',
      permit,
    },
  };
}

const newHome = () => mkdtempSync(join(tmpdir(), 'estop-hook-'));
const hook = (env: Readonly<Record<string, string>>, stdin = EVENT) =>
  runLine(['hook', '--host', 'claude'], { env, stdin });

describe('estop hook', () => {
  it('asks as the agent of the key, under the name of this enforcement point', async () => {
    const gateway = await startScripted({ 'POST /v1/intents': allow });
    const ran = await hook({ ...gateway.env, HOME: newHome() });
    await gateway.close();
    expect(ran).toEqual({ exitCode: 0, out: '{}\n', err: '' });
    const [asked] = gateway.asked;
    expect(asked?.key).toBe('Bearer key');
    expect(JSON.parse(asked?.text ?? '')).toMatchObject({
      session: 's-1',
      tool: 'Bash',
      arguments: { command: 'ls' },
      point: expect.stringMatching(/^hook-claude-./),
    });
  });

  it('asks where install said, whatever the environment of the project says', async () => {
    const home = newHome();
    const [kept, other] = [
      await startScripted({ 'POST /v1/intents': allow }),
      await startScripted({ 'POST /v1/intents': allow }),
    ];
    mkdirSync(join(home, '.config/estop/hooks'), { recursive: true });
    const connection = JSON.stringify({ url: kept.env['ESTOP_URL'], key: 'estop_kept' });
    writeFileSync(join(home, '.config/estop/hooks/claude.json'), connection);
    const { exitCode } = await hook({ ...other.env, HOME: home });
    await kept.close();
    await other.close();
    expect({ exitCode, kept: kept.asked.length, other: other.asked.length }).toEqual({
      exitCode: 0,
      kept: 1,
      other: 0,
    });
  });

  it('denies what a gateway allows without a permit', async () => {
    const bare = ({ text }: Asked) => {
      const { id: intentId } = JSON.parse(text);
      return { json: { intentId, decision: 'allow', reason: 'permitted', message: '' } };
    };
    const gateway = await startScripted({ 'POST /v1/intents': bare });
    const { exitCode, out } = await hook({ ...gateway.env, HOME: newHome() });
    await gateway.close();
    expect(exitCode).toBe(0);
    expect(out).toContain('estop allowed the call without a permit');
  });

  it('blocks with the reason when the key is not accepted', async () => {
    const refused = { status: 401, json: { code: 'unauthenticated', detail: 'no such key' } };
    const gateway = await startScripted({ 'POST /v1/intents': refused });
    const ran = await hook({ ...gateway.env, HOME: newHome() });
    await gateway.close();
    expect(ran).toEqual({ exitCode: 2, out: '', err: 'estop: no such key\n' });
  });

  it.each([
    ['nobody said where estop is', {}, 'estop install claude --agent AGENT'],
    ['nobody said the key', { ESTOP_URL: 'http://127.0.0.1:9' }, 'the key of the agent'],
  ])('blocks when %s', async (_, env, said) => {
    const { exitCode, out, err } = await hook({ ...env, HOME: newHome() });
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain(said);
  });

  it('denies when estop cannot be reached', async () => {
    const env = { ESTOP_URL: 'http://127.0.0.1:9', ESTOP_KEY: 'key', HOME: newHome() };
    const { exitCode, out } = await hook(env);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out).hookSpecificOutput.permissionDecision).toBe('deny');
  });
});

describe('the small fetch', () => {
  const signal = new AbortController().signal;
  const request = { method: 'GET', headers: {}, redirect: 'error', signal } as const;

  async function served(status: number, headers: Record<string, string>, body: string) {
    const server = createServer((_request, response) =>
      response.writeHead(status, headers).end(body),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return httpFetch(url, request).finally(() => server.close());
  }

  it('gives status, headers and text', async () => {
    const response = await served(503, { 'Retry-After': '2' }, 'later');
    expect([response.ok, response.status, response.headers.get('retry-after')]).toEqual([
      false,
      503,
      '2',
    ]);
    expect(await response.text()).toBe('later');
  });

  it('follows no redirect', async () => {
    await expect(served(302, { location: 'http://127.0.0.1:9/' }, '')).rejects.toThrow('302');
  });
});
