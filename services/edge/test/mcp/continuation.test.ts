import { describe, expect, it, vi } from 'vitest';
import type { JsonRecord } from '../../src/domain/call.ts';
import { VERSION_KEY } from '../../src/domain/mcp/era.ts';
import { DENIED, FakePoint } from './fake-point.ts';
import { startDoor, startScripted } from './http-door.ts';

const VERSION = '2026-07-28';
const INPUT = { inputResponses: { confirm: { action: 'accept', content: {} } } };
const HEADERS = {
  'content-type': 'application/json',
  'mcp-protocol-version': VERSION,
  'mcp-method': 'tools/call',
  'mcp-name': 'send',
};

/** A tool server that asks for input `rounds` times, with `state` when it keeps one. */
async function world(options: { readonly state?: string; readonly rounds?: number } = {}) {
  const { state, rounds = 1 } = options;
  let calls = 0;
  const { url: upstream, received } = await startScripted(({ body }, response) => {
    const { id, method } = JSON.parse(body);
    if (method === 'tools/call') calls += 1;
    const inputRequests = { confirm: { method: 'elicitation/create', params: {} } };
    const asks = {
      resultType: 'input_required',
      inputRequests,
      ...(state === undefined ? {} : { requestState: `${state}-${calls}` }),
    };
    const done = { resultType: 'complete', content: [] };
    const listed = { tools: [{ name: 'send', inputSchema: { type: 'object' } }] };
    const answer = calls <= rounds ? asks : done;
    const result = method === 'tools/list' ? listed : answer;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });
  const point = new FakePoint();
  const { url } = await startDoor({ upstream, point });
  const call = async (more: JsonRecord = {}, args: JsonRecord = { a: 1 }) => {
    const _meta = { [VERSION_KEY]: VERSION };
    const params = { name: 'send', arguments: args, _meta, ...more };
    const frame = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
    const response = await fetch(url, {
      method: 'POST',
      headers: HEADERS,
      body: JSON.stringify(frame),
    });
    return (await response.json()) as { readonly result: JsonRecord };
  };
  const sent = () => received.filter(({ body }) => body.includes('tools/call')).length;
  return { point, call, sent };
}

describe('a call that is sent again with the input it asked for', () => {
  it.each([
    ['with the state of its server', 's', { ...INPUT, requestState: 's-1' }],
    ['where its server keeps none', undefined, INPUT],
  ])('%s goes on under the yes that it began with', async (_, state, input) => {
    const { point, call } = await world(state === undefined ? {} : { state });
    expect(await call()).toMatchObject({ result: { resultType: 'input_required' } });
    expect(point.outcomes).toEqual([]);
    expect(await call(input)).toMatchObject({ result: { resultType: 'complete' } });
    expect(point.asked).toHaveLength(1);
    await vi.waitFor(() => expect(point.outcomes).toMatchObject([{ status: 'ok' }]));
  });

  it('goes on once: the same input again is another call', async () => {
    const { point, call } = await world();
    await call();
    await call(INPUT);
    await call(INPUT);
    expect(point.asked).toHaveLength(2);
  });

  it.each([
    ['other arguments', { ...INPUT, requestState: 's-1' }, { a: 2 }],
    ['another state', { ...INPUT, requestState: 's-2' }, { a: 1 }],
    ['no state', INPUT, { a: 1 }],
    [
      'an input that nobody asked for',
      { inputResponses: { x: {} }, requestState: 's-1' },
      { a: 1 },
    ],
    ['no input', {}, { a: 1 }],
  ])('with %s is judged as another call', async (_, input, args) => {
    const { point, call } = await world({ state: 's' });
    await call();
    await call(input, args);
    expect(point.asked).toHaveLength(2);
  });

  it('is judged when it never began', async () => {
    const { point, call } = await world({ rounds: 0 });
    await call({ ...INPUT, requestState: 'made-up' });
    expect(point.asked).toHaveLength(1);
  });

  it('does not go on under a halt, nor after it', async () => {
    const { point, call, sent } = await world();
    await call();
    point.halted = DENIED;
    expect(await call(INPUT)).toMatchObject({ result: { isError: true } });
    expect(sent()).toBe(1);
    await vi.waitFor(() => expect(point.outcomes).toMatchObject([{ status: 'ok' }]));
    point.halted = null;
    await call(INPUT);
    expect(point.asked).toHaveLength(2);
  });

  it('does not go on after a kill', async () => {
    const { point, call } = await world();
    await call();
    point.stopRunning();
    await vi.waitFor(() => expect(point.outcomes).toHaveLength(1));
    await call(INPUT);
    expect(point.asked).toHaveLength(2);
  });

  it('is judged again when its server asks without end', async () => {
    const { point, call } = await world({ rounds: 100 });
    for (let round = 0; round < 11; round += 1) await call(round === 0 ? {} : INPUT);
    expect(point.asked).toHaveLength(2);
  });
});
