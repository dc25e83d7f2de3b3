/** Real tool servers and real clients of both eras, with the proxy between them and without. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { binOf } from './server-bin.ts';

const PROXY = join(import.meta.dirname, 'proxy-process.ts');

interface Connection {
  readonly client: Client;
  readonly asked: string[];
}

async function connect(
  server: string,
  args: readonly string[],
  isProxied: boolean,
): Promise<Connection> {
  const command = [process.execPath, binOf(server), ...args];
  const folder = mkdtempSync(join(tmpdir(), 'estop-real-'));
  const proxy = [process.execPath, '--import', 'tsx', '--conditions=@estop/source', PROXY];
  const [file = '', ...rest] = isProxied ? [...proxy, folder, 'real', ...command] : command;
  const transport = new StdioClientTransport({ command: file, args: rest, stderr: 'ignore' });
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} } },
  );
  const asked: string[] = [];
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message);
    return { action: 'decline' as const };
  });
  client.setRequestHandler(CreateMessageRequestSchema, () => {
    asked.push('sampling');
    return {
      model: 'm',
      role: 'assistant' as const,
      content: { type: 'text' as const, text: 'sampled' },
    };
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return { client, asked };
}

describe.each([
  ['server-everything', ['stdio']],
  ['server-filesystem', [tmpdir()]],
  ['server-memory', []],
])('%s', (server, args) => {
  it('shows the same tools, prompts and resources behind the proxy', async () => {
    const { client: direct } = await connect(server, args, false);
    const { client: proxied } = await connect(server, args, true);
    expect(proxied.getServerCapabilities()).toEqual(direct.getServerCapabilities());
    expect(proxied.getInstructions()).toEqual(direct.getInstructions());
    const { tools } = await proxied.listTools();
    expect(tools.length).toBeGreaterThan(8);
    expect(tools).toEqual((await direct.listTools()).tools);
    if (direct.getServerCapabilities()?.prompts === undefined) return;
    expect(await proxied.listPrompts()).toEqual(await direct.listPrompts());
    expect(await proxied.listResources()).toEqual(await direct.listResources());
  });
});

describe('the everything server behind the proxy', () => {
  it('reports progress', async () => {
    const { client } = await connect('server-everything', ['stdio'], true);
    const seen: number[] = [];
    const name = 'trigger-long-running-operation';
    await client.callTool({ name, arguments: { duration: 0.2, steps: 4 } }, undefined, {
      onprogress: ({ progress }) => void seen.push(progress),
    });
    // The SDK forgets its listener with the answer, which may overtake the last one.
    expect(seen.slice(0, 3)).toEqual([1, 2, 3]);
  });

  it('asks the person and the model of its client', async () => {
    const { client, asked } = await connect('server-everything', ['stdio'], true);
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['trigger-elicitation-request', 'trigger-sampling-request']),
    );
    await client.callTool({ name: 'trigger-elicitation-request', arguments: {} });
    const sampled = await client.callTool({
      name: 'trigger-sampling-request',
      arguments: { prompt: 'p', maxTokens: 5 },
    });
    expect(asked).toHaveLength(2);
    expect(JSON.stringify(sampled)).toContain('sampled');
  });

  it('gives structured output and hears of a cancelled call', async () => {
    const { client } = await connect('server-everything', ['stdio'], true);
    const { structuredContent } = await client.callTool({
      name: 'get-structured-content',
      arguments: { location: 'New York' },
    });
    expect(structuredContent).toHaveProperty('temperature');
    const cancel = new AbortController();
    const name = 'trigger-long-running-operation';
    const long = client.callTool({ name, arguments: { duration: 30, steps: 300 } }, undefined, {
      signal: cancel.signal,
      onprogress: () => cancel.abort('enough'),
    });
    await expect(long).rejects.toThrow('enough');
    const echoed = await client.callTool({ name: 'echo', arguments: { message: 'still here' } });
    expect(JSON.stringify(echoed)).toContain('still here');
  });
});

it('a file of many mebibytes comes through the filesystem server', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'estop-files-'));
  const text = 'x'.repeat(4 * 1024 * 1024);
  writeFileSync(join(folder, 'big.txt'), text);
  const { client } = await connect('server-filesystem', [folder], true);
  const path = join(folder, 'big.txt');
  const { content } = await client.callTool({ name: 'read_text_file', arguments: { path } });
  expect(content).toEqual([{ type: 'text', text }]);
});
