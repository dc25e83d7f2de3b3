/** A real MCP client, the `estop mcp` command, a real tool server, and estop behind them. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EstopProcess } from './estop-process.ts';

const MAIN = join(import.meta.dirname, 'estop-from-source.ts');
const NODE = ['--import', 'tsx', '--conditions=@estop/source', MAIN];
const WAIT = { timeout: 10_000, interval: 20 };

const FLEET = {
  'agents.yaml': 'agents:\n  files-bot: {}\n',
  'people.yaml': 'people:\n  erin@example.com: { role: approver }\n',
  'policies/fleet.cedar': `
@id("reads") permit (principal, action in Action::"tier-read", resource);
@id("asked") permit (principal, action in Action::"tier-destructive", resource)
when { context.approval.granted };
`,
};

const require = createRequire(import.meta.url);
const server = require.resolve('@modelcontextprotocol/server-filesystem/package.json');
const { bin } = JSON.parse(readFileSync(server, 'utf8')) as { bin: Record<string, string> };
const folder = mkdtempSync(join(tmpdir(), 'estop-files-'));
const command = [process.execPath, join(dirname(server), Object.values(bin)[0] ?? ''), folder];

describe('an MCP server behind estop', () => {
  const estop = new EstopProcess({ files: FLEET });
  let client: Client;
  let hasEnded = false;

  beforeAll(async () => {
    mkdirSync(estop.fleetDir, { recursive: true });
    const out = join(estop.fleetDir, 'tools.yaml');
    const draft = ['mcp', '--discover', '--server', 'files', '--out', out, '--', ...command];
    await promisify(execFile)(process.execPath, [...NODE, ...draft]);
    await estop.start();
    client = new Client({ name: 'test', version: '1' });
    client.onclose = () => {
      hasEnded = true;
    };
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [...NODE, 'mcp', '--server', 'files', '--', ...command],
        env: {
          PATH: process.env['PATH'] ?? '',
          ESTOP_URL: estop.url,
          ESTOP_KEY: await estop.agentKey('files-bot'),
          ESTOP_DATA: mkdtempSync(join(tmpdir(), 'estop-door-')),
        },
      }),
    );
  }, 90_000);

  afterAll(async () => {
    await client?.close();
    await estop.dispose();
  });

  it('reads what the drafted catalogue calls a read', async () => {
    const path = join(folder, 'a.txt');
    writeFileSync(path, 'hello');
    const result = await client.callTool({ name: 'read_text_file', arguments: { path } });
    expect(result).toMatchObject({ content: [{ type: 'text', text: 'hello' }] });
    expect(result.isError).not.toBe(true);
  });

  it('writes after a person has said yes, once', async () => {
    const path = join(folder, 'b.txt');
    const write = { name: 'write_file', arguments: { path, content: 'approved' } };
    const asked = await client.callTool(write);
    expect(asked.isError).toBe(true);
    expect(existsSync(path)).toBe(false);
    const pending = async () => (await estop.get('/v1/approvals?state=pending')).body['approvals'];
    await vi.waitFor(async () => expect(await pending()).toHaveLength(1), WAIT);
    const [{ id, digest }] = await pending();
    expect(JSON.stringify(asked)).toContain(`approval ${id}: repeat the same call`);
    const vote = { decision: 'approve', digest };
    expect((await estop.post(`/v1/approvals/${encodeURIComponent(id)}`, vote)).status).toBe(200);
    expect(await client.callTool(write)).not.toHaveProperty('isError', true);
    expect(readFileSync(path, 'utf8')).toBe('approved');
    expect((await client.callTool(write)).isError).toBe(true);
  });

  it('tells a model that asks under a pause, and ends by a kill', async () => {
    const list = { name: 'list_allowed_directories', arguments: {} };
    const { body } = await estop.post('/v1/halts', {
      scope: { agent: 'files-bot' },
      mode: 'pause',
    });
    const refused = await client.callTool(list);
    expect(refused.isError).toBe(true);
    expect(JSON.stringify(refused)).toMatch(/halt/);
    await estop.post(`/v1/halts/${body['id']}/lift`, { reason: 'a test' });
    const halt = { scope: { agent: 'files-bot' }, mode: 'kill' };
    const killed = await estop.post('/v1/halts?wait=5s', halt);
    expect(killed.status).toBe(201);
    await vi.waitFor(() => expect(hasEnded).toBe(true), WAIT);
  });
});
