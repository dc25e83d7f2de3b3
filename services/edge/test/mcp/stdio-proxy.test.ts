import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { VERSION_KEY } from '../../src/domain/mcp/era.ts';
import { DENIED, FakePoint, WAITS } from './fake-point.ts';
import { Proxied, type ProxiedOptions, RECORDER } from './proxied.ts';

const TOOLS = ['send', 'never', 'big', 'exit'].map((name) => ({ name, inputSchema: {} }));
const MODERN = { _meta: { [VERSION_KEY]: '2026-07-28' } };

function recorded(options: Partial<ProxiedOptions> & { readonly tools?: unknown } = {}) {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'estop-mcp-'));
  const file = join(folder, 'received');
  const toolsFile = join(folder, 'tools.json');
  writeFileSync(toolsFile, JSON.stringify(options.tools ?? TOOLS));
  const command = [process.execPath, RECORDER, file, toolsFile];
  const proxied = new Proxied({ command, ...options });
  const read = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  return { proxied, toolsFile, folder, received: read };
}

const call = (id: number | string, name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

describe('what is not judged', () => {
  it('reaches the tool server byte for byte', async () => {
    const { proxied, received } = recorded();
    const sent = [
      '{ "jsonrpc" : "2.0", "id":1,"method":"initialize","params":{"n":1.0,"t":"\\u00e4 ä"} }',
      '{"method":"notifications/initialized","jsonrpc":"2.0"}\r',
      '',
      '{"jsonrpc":"2.0","id":"a","method":"completion/complete","params":{"_meta":{"progressToken":0}}}',
      '{"jsonrpc":"2.0","id":77,"result":{"action":"accept","content":{"x":1e2}}}',
      '{"jsonrpc":"2.0","id":78,"error":{"code":-1,"message":"no"}}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":999}}',
      '{"jsonrpc":"2.0","id":2,"method":"ping"}',
    ];
    for (const line of sent) proxied.send(line);
    await proxied.answerTo(2);
    expect(received()).toBe(`${sent.join('\n')}\n`);
  });

  it('reaches the client byte for byte', async () => {
    const { proxied } = recorded();
    const lines = [
      '{ "method":"notifications/progress", "jsonrpc":"2.0","params":{"progress":1.0} }\n',
      '{"jsonrpc":"2.0","id":5,"method":"sampling/createMessage","params":{"t":"\\u00e4"}}\r\n',
      '\n',
      '{"result": {"n": 1.50} ,"id":1,"jsonrpc":"2.0"}\n',
    ];
    proxied.send({ jsonrpc: '2.0', id: 1, method: 'say', params: { line: lines.join('') } });
    await proxied.answerTo(1);
    expect(proxied.received).toBe(lines.join(''));
  });
});

describe('a judged request', () => {
  it('is asked about under the name of its server, and sent on as it was parsed', async () => {
    const { proxied, received } = recorded();
    await proxied.ask({ id: 0, method: 'tools/list' });
    proxied.send(
      '{"jsonrpc":"2.0","id":1,"method":"to\\u006fls/call","params":{"name":"x","name":"send", "arguments":{"a":1}}}',
    );
    expect(await proxied.answerTo(1)).toMatchObject({ result: { content: [{ text: 'send' }] } });
    expect(proxied.point.asked).toEqual([{ tool: 'mcp.box.send', arguments: { a: 1 } }]);
    expect(received()).toContain(
      '\n{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send","arguments":{"a":1}}}\n',
    );
    await vi.waitFor(() => expect(proxied.point.outcomes).toHaveLength(1));
    expect(proxied.point.outcomes[0]).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['resources/read', { uri: 'file:///a' }, 'mcp.box.resources.read', { uri: 'file:///a' }],
    ['prompts/get', { name: 'p' }, 'mcp.box.prompts.get', { name: 'p', arguments: {} }],
  ])('may be %s', async (method, params, tool, args) => {
    const { proxied } = recorded();
    await proxied.ask({ id: 1, method, params });
    expect(proxied.point.asked).toEqual([{ tool, arguments: args }]);
  });

  it('that is denied is answered with a result that the model reads, and never sent', async () => {
    const { proxied, received } = recorded({
      point: new FakePoint(() => Promise.resolve(DENIED)),
    });
    const legacy = await proxied.ask(call(1, 'send'));
    const modern = call(2, 'send');
    await proxied.ask({ ...modern, params: { ...modern.params, ...MODERN } });
    const text = 'estop: no rule lets this agent do it. Nothing was done.';
    expect(legacy['result']).toEqual({ isError: true, content: [{ type: 'text', text }] });
    expect((await proxied.answerTo(2))['result']).toEqual({
      resultType: 'complete',
      isError: true,
      content: [{ type: 'text', text }],
    });
    const read = await proxied.ask({ id: 3, method: 'resources/read', params: { uri: 'u' } });
    expect(read['error']).toEqual({ code: -32010, message: text });
    expect(received()).not.toContain('tools/call');
    expect(received()).not.toContain('resources/read');
  });

  it('that waits for a person is answered at once with what to do', async () => {
    const { proxied } = recorded({ point: new FakePoint(() => Promise.resolve(WAITS)) });
    const answer = JSON.stringify(await proxied.ask(call(1, 'send')));
    expect(answer).toContain('approval ap-7: repeat the same call after the approval');
  });

  it('taken back while undecided is never run, and the tool server hears nothing of it', async () => {
    let decide: (decided: 'allow') => void = () => undefined;
    let given: AbortSignal | undefined;
    const point = new FakePoint((_, signal) => {
      given = signal;
      return new Promise((resolve) => {
        decide = resolve;
      });
    });
    const { proxied, received } = recorded({ point });
    await proxied.ask({ id: 0, method: 'tools/list' });
    proxied.send(call(1, 'send'));
    await vi.waitFor(() => expect(point.asked).toHaveLength(1));
    proxied.send({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 1 },
    });
    await vi.waitFor(() => expect(given?.aborted).toBe(true));
    decide('allow');
    await vi.waitFor(() => expect(point.outcomes).toEqual([{ status: 'cancelled' }]));
    await proxied.ask({ id: 2, method: 'ping' });
    expect(received()).not.toContain('tools/call');
    expect(received()).not.toContain('cancelled');
    expect(proxied.messages.map(({ id }) => id)).toEqual([0, 2]);
  });

  it('taken back while it runs is taken back at the tool server', async () => {
    const { proxied, received } = recorded();
    proxied.send(call(1, 'never'));
    await vi.waitFor(() => expect(received()).toContain('tools/call'));
    const line = '{"jsonrpc":"2.0", "method":"notifications/cancelled","params":{"requestId":1}}';
    proxied.send(line);
    await vi.waitFor(() => expect(proxied.point.outcomes[0]?.status).toBe('cancelled'));
    await vi.waitFor(() => expect(received()).toContain(`${line}\n`));
  });

  it('whose client has gone is never run', async () => {
    let decide: (decided: 'allow') => void = () => undefined;
    let given: AbortSignal | undefined;
    const point = new FakePoint((_, signal) => {
      given = signal;
      return new Promise((resolve) => {
        decide = resolve;
      });
    });
    const { proxied, received } = recorded({ point });
    await proxied.ask({ id: 0, method: 'tools/list' });
    proxied.send(call(1, 'send'));
    await vi.waitFor(() => expect(point.asked).toHaveLength(1));
    proxied.input.end();
    await vi.waitFor(() => expect(given?.aborted).toBe(true));
    decide('allow');
    await vi.waitFor(() => expect(point.outcomes).toEqual([{ status: 'cancelled' }]));
    expect(await proxied.exitCode).toBe(0);
    expect(received()).not.toContain('tools/call');
  });
});

describe('a frame that two readers could read in two ways', () => {
  const smuggled = '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"send"}}';

  it.each([
    ['a batch', `[${smuggled}]`, null, -32600],
    ['an unknown key', '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}', 1, -32600],
    ['a method that is no text', '{"jsonrpc":"2.0","id":1,"method":["tools/call"]}', 1, -32600],
    ['an id beyond 2^53', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', null, -32600],
    ['an id that is no whole number', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', null, -32600],
    ['a key twice', '{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}', 1, -32600],
    ['a key twice, escaped', '{"jsonrpc":"2.0","id":1,"m\\u0065thod":"a","method":"b"}', 1, -32600],
    [
      'lines in a line',
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":\r${smuggled}\r}`,
      1,
      -32600,
    ],
    ['a method in other letters', '{"jsonrpc":"2.0","id":1,"method":"Tools/Call"}', 1, -32602],
    ['a byte order mark', `\ufeff${smuggled}`, null, -32700],
    ['no JSON', '{"jsonrpc"', null, -32700],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"ping"}', 1, -32600],
    [
      'params that are a list',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}',
      1,
      -32602,
    ],
    [
      'a number that is not exact',
      JSON.stringify(call(1, 'send', { n: 0 })).replace('0}', '9007199254740993}'),
      1,
      -32602,
    ],
    [
      'a number that is infinite',
      JSON.stringify(call(1, 'send', { n: 0 })).replace('0}', '1e999}'),
      1,
      -32602,
    ],
    ['a tool with a reserved name', JSON.stringify(call(1, 'resources.read')), 1, -32602],
  ])('%s is refused with a clean error and not sent on', async (_, line, id, code) => {
    const { proxied, received } = recorded();
    proxied.send(line);
    const answer = await proxied.until((message) => 'error' in message);
    expect(answer).toMatchObject({ id, error: { code } });
    await proxied.ask({ id: 100, method: 'ping' });
    expect(received()).toBe('{"jsonrpc":"2.0","id":100,"method":"ping"}\n');
    expect(proxied.point.asked).toEqual([]);
  });

  it('bytes that are no UTF-8 are refused', async () => {
    const { proxied } = recorded();
    proxied.input.write(Buffer.from([0x22, 0xff, 0x22, 0x0a]));
    expect(await proxied.until(() => true)).toMatchObject({ id: null, error: { code: -32700 } });
  });

  it('an id that is in use is refused, and the earlier request goes on', async () => {
    const { proxied } = recorded();
    await proxied.ask({ id: 0, method: 'tools/list' });
    proxied.send(call(1, 'never'));
    proxied.send(call(1, 'send'));
    expect(await proxied.answerTo(1)).toMatchObject({ error: { code: -32600 } });
    expect(proxied.point.asked).toHaveLength(1);
  });

  it('an answer of the tool server to what it was not asked is dropped and said', async () => {
    const { proxied } = recorded();
    const lines = [
      '{"jsonrpc":"2.0","id":"1","result":{"tools":[{"name":"evil"}]}}',
      '[{"jsonrpc":"2.0","id":1,"result":{}}]',
      'plain text',
      '{"jsonrpc":"2.0","id":1,"result":{}}',
    ];
    const params = { line: `${lines.join('\n')}\n` };
    await proxied.ask({ id: 1, method: 'say', params });
    expect(proxied.received).toBe(`${lines[3]}\n`);
    expect(proxied.notes).toHaveLength(3);
  });
});

describe('size', () => {
  it('beyond the limit is answered with a clean error, and what follows goes on', async () => {
    const { proxied } = recorded({ frameBytesMax: 100_000 });
    const answer = await proxied.ask(call(1, 'big', { size: 3_000_000 }));
    expect(answer).toMatchObject({ error: { code: -32010, message: /more than 100000 bytes/ } });
    await vi.waitFor(() => expect(proxied.point.outcomes[0]?.status).toBe('error'));
    proxied.send(call(2, 'send', { text: 'x'.repeat(200_000) }));
    expect(await proxied.answerTo(2)).toMatchObject({ error: { code: -32600 } });
    expect(await proxied.ask(call(3, 'send'))).toHaveProperty('result');
  });

  it('of a result may be beyond ten mebibytes', async () => {
    const { proxied } = recorded();
    const { result } = await proxied.ask(call(1, 'big', { size: 12_000_000 }));
    expect(result).toEqual({ content: [], big: 'x'.repeat(12_000_000) });
  });
});

describe('the end', () => {
  it('of the tool server is the end of the proxy, with its exit code', async () => {
    const { proxied } = recorded();
    proxied.send(call(1, 'exit', { code: 23 }));
    expect(await proxied.answerTo(1)).toMatchObject({ error: { code: -32010 } });
    expect(await proxied.exitCode).toBe(23);
  });

  it('of the input is the end of the tool server', async () => {
    const { proxied } = recorded();
    await proxied.ask({ id: 1, method: 'ping' });
    proxied.input.end();
    expect(await proxied.exitCode).toBe(0);
  });

  it('of a tool server that does not exist is said', async () => {
    const proxied = new Proxied({ command: ['/does/not/exist'] });
    proxied.send(call(1, 'send'));
    expect(await proxied.answerTo(1)).toHaveProperty('error');
    expect(await proxied.exitCode).toBeGreaterThan(0);
  });

  it.each([
    ['of the agent', (point: FakePoint) => point.kill()],
    ['of a running call', (point: FakePoint) => point.stopRunning()],
  ])('by a kill %s answers what runs and ends the tool server', async (_, kill) => {
    const { proxied, received } = recorded();
    proxied.send(call(1, 'never'));
    await vi.waitFor(() => expect(received()).toContain('tools/call'));
    kill(proxied.point);
    const { error } = await proxied.answerTo(1);
    expect(error).toMatchObject({ code: -32010, message: /the tool server was ended/ });
    expect(await proxied.exitCode).toBe(137);
    expect(proxied.point.outcomes[0]?.status).toBe('unknown');
  });
});
