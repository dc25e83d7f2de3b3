/** Bad input at every door: a documented code, never a 500, and the gateway goes on. */
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PROBLEMS } from '../src/problems.ts';
import { type Answer, type Bench, intentOf, startBench } from './harness.ts';

let bench: Bench;
let key: string;

beforeAll(async () => {
  bench = await startBench();
  key = await bench.keyOf('billing-bot');
});
afterAll(() => bench.close());

afterEach(() => {
  expect(bench.logLines.filter((line) => line.includes('"code":"internal"'))).toEqual([]);
});

function expectProblem(answer: Answer, code: keyof typeof PROBLEMS, pointer?: string): void {
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.body).toMatchObject({ code, status: PROBLEMS[code].status });
  expect(answer.status).toBe(PROBLEMS[code].status);
  expect(answer.body.instance).toMatch(/^urn:estop:request:/);
  if (pointer !== undefined) expect(answer.body.errors[0].pointer).toBe(pointer);
}

const propose = (text: string | Uint8Array, headers = {}) =>
  bench.send('POST', '/v1/intents', { key, text, headers });

describe('bodies', () => {
  it.each([
    ['an empty body', '', 'invalid-request'],
    ['no JSON', '{"id":', 'malformed'],
    ['a trailing comma', '{"id":"a",}', 'malformed'],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'malformed'],
    ['a byte order mark', '\ufeff{}', 'malformed'],
    ['an array', '[]', 'invalid-request'],
    ['null', 'null', 'invalid-request'],
    ['a number', '7', 'invalid-request'],
  ] as const)('refuses %s', async (_name, text, code) => {
    expectProblem(await propose(text), code);
  });

  it.each([
    ['an unknown member', { tols: 'x' }, '/tols'],
    ['arguments that are no object', { arguments: [] }, '/arguments'],
    ['arguments that are text', { arguments: 'x' }, '/arguments'],
    ['a tool with a space', { tool: 'a b' }, '/tool'],
    ['a tool that is no text', { tool: 7 }, '/tool'],
    ['money that is no integer', { cost: { microUsd: 1.5 } }, '/cost/microUsd'],
    ['money below zero', { cost: { microUsd: -1 } }, '/cost/microUsd'],
    ['money as text', { cost: { microUsd: '1' } }, '/cost/microUsd'],
    ['more money than the log can hold', { cost: { microUsd: 2 ** 53 - 1 } }, '/cost/microUsd'],
    ['more tokens than the log can hold', { cost: { tokens: 2 ** 53 - 1 } }, '/cost/tokens'],
    ['an unknown provenance', { provenance: { '/a': 'moon' } }, '/provenance/~1a'],
    ['a provenance that is no pointer', { provenance: { a: 'user' } }, '/provenance/a'],
    ['an id with a quote', { id: '"' }, '/id'],
    ['an id that is too long', { id: 'x'.repeat(201) }, '/id'],
    ['an undo without a tool', { undo: { arguments: {} } }, '/undo/tool'],
  ])('refuses %s with a pointer', async (_name, more, pointer) => {
    const answer = await bench.send('POST', '/v1/intents', { key, body: intentOf('b-1', more) });
    expectProblem(answer, 'invalid-request', pointer);
  });

  it('asks whether another name was meant', async () => {
    const body = intentOf('b-1', { provenence: {} });
    const answer = await bench.send('POST', '/v1/intents', { key, body });
    expect(answer.body.errors[0].detail).toContain('did you mean `provenance`?');
  });

  it.each([
    [
      'half a surrogate pair in a value',
      '{"id":"a","tool":"t","arguments":{"x":"\\ud800"}}',
      '/arguments/x',
    ],
    [
      'half a surrogate pair in a name',
      '{"id":"a","tool":"t","arguments":{"\\udc00":1}}',
      undefined,
    ],
    [
      '__proto__',
      '{"id":"a","tool":"t","arguments":{"__proto__":{"a":1}}}',
      '/arguments/__proto__',
    ],
    [
      'an escaped __proto__',
      '{"id":"a","tool":"t","arguments":{"\\u005f_proto__":1}}',
      '/arguments/__proto__',
    ],
    [
      'a poisoned constructor',
      '{"id":"a","tool":"t","arguments":{"constructor":{"prototype":{}}}}',
      '/arguments/constructor',
    ],
    ['a number beyond all', '{"id":"a","tool":"t","arguments":{"n":1e999}}', '/arguments/n'],
    [
      'an integer that is not exact',
      '{"id":"a","tool":"t","arguments":{"n":9007199254740993}}',
      '/arguments/n',
    ],
    [
      'deep nesting',
      `{"id":"a","tool":"t","arguments":{"n":${'['.repeat(40)}${']'.repeat(40)}}}`,
      undefined,
    ],
    ['very deep nesting', '['.repeat(100_000), undefined],
  ])('refuses %s', async (_name, text, pointer) => {
    const answer = await propose(text);
    expectProblem(answer, answer.status === 400 ? 'malformed' : 'invalid-request', pointer);
  });

  it('takes the last of two equal names, and binds the decision to it', async () => {
    const text = '{"id":"dup","tool":"crm.write","arguments":{"id":1,"id":2}}';
    expect((await propose(text)).body.decision).toBe('allow');
    const same = intentOf('dup', { tool: 'crm.write', arguments: { id: 2 } });
    expect((await bench.send('POST', '/v1/intents', { key, body: same })).status).toBe(200);
    const first = intentOf('dup', { tool: 'crm.write', arguments: { id: 1 } });
    expect((await bench.send('POST', '/v1/intents', { key, body: first })).status).toBe(409);
  });

  it('keeps text in any script as it is', async () => {
    const body = intentOf('unicode', { arguments: { name: 'Zoë 🚦 \u0000\u2028', ['ключ']: 'é' } });
    const answer = await bench.send('POST', '/v1/intents', { key, body });
    expect(answer.status).toBe(200);
    const { partition, offset } = answer.body.record;
    const record = await bench.send('GET', `/v1/records/${partition}/${offset}`);
    const text = record.body.events[0].intent.arguments;
    expect(JSON.parse(text)).toEqual({ name: 'Zoë 🚦 \u0000\u2028', ключ: 'é' });
  });

  it('refuses a body above 256 KiB', async () => {
    const text = JSON.stringify(intentOf('big', { reason: 'x'.repeat(300 * 1024) }));
    expectProblem(await propose(text), 'too-large');
  });

  it('refuses other types of content', async () => {
    expectProblem(await propose('{}', { 'content-type': 'text/plain' }), 'unsupported-media-type');
    const xml = { 'content-type': 'application/xml' };
    expectProblem(await propose('<a/>', xml), 'unsupported-media-type');
    const lines = { 'content-type': 'application/x-ndjson' };
    expectProblem(await propose('{}', lines), 'unsupported-media-type');
    const batch = await bench.send('POST', '/v1/intents/batch', { key, text: '{}' });
    expectProblem(batch, 'unsupported-media-type');
  });
});

describe('paths and queries', () => {
  it.each([
    ['GET', '/v1/nothing', 'not-found'],
    ['GET', '/v1/agents/%zz', 'malformed'],
    ['GET', '/v1/agents/none', 'not-found'],
    ['GET', '/v1/agents/..%2f..', 'not-found'],
    ['DELETE', '/v1/halts', 'method-not-allowed'],
    ['GET', '/v1/halts/none', 'not-found'],
    ['GET', '/v1/halts?state=moon', 'invalid-request'],
    ['GET', '/v1/approvals?state=a&state=b', 'invalid-request'],
    ['GET', '/v1/records?limit=x', 'invalid-request'],
    ['GET', '/v1/records?from=yesterday', 'invalid-request'],
    ['GET', '/v1/records?cursor=99.1', 'invalid-request'],
    ['GET', '/v1/records?moon=1', 'invalid-request'],
    ['GET', '/v1/records/0/999999', 'not-found'],
    ['GET', '/v1/records/99/0', 'not-found'],
    ['GET', '/v1/records/a/b', 'invalid-request'],
    ['GET', '/v1/fleet/none', 'not-found'],
    ['GET', '/v1/stream?type=moon', 'invalid-request'],
    ['GET', '/v1/stream?decision=maybe', 'invalid-request'],
    ['GET', '/v1/intents/x', 'invalid-request'],
    ['GET', '/v1/intents/x?agent=%00', 'invalid-request'],
    ['GET', '/v1/intents/x?agent=billing-bot&wait=soon', 'invalid-request'],
  ] as const)('answers %s %s with %s', async (method, path, code) => {
    expectProblem(await bench.send(method, path), code);
  });

  it.each([
    ['QUERY', '/v1/agents', 'method-not-allowed'],
    ['QUERY', '/v1/nothing', 'not-found'],
  ] as const)('answers %s %s before it asks for a body', async (method, path, code) => {
    expectProblem(await bench.send(method, path), code);
  });

  it('names the methods that a path has', async () => {
    const answer = await bench.send('DELETE', '/v1/halts');
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'POST']);
  });

  it.each([
    ['an unknown mode', { scope: { fleet: true }, mode: 'stop' }, '/mode'],
    ['two scopes', { scope: { fleet: true, agent: 'a' }, mode: 'pause' }, '/scope'],
    ['no scope', { scope: {}, mode: 'pause' }, '/scope'],
    ['a fleet that is false', { scope: { fleet: false }, mode: 'pause' }, '/scope/fleet'],
    [
      'an end beyond all times',
      { scope: { fleet: true }, mode: 'pause', for: '999999999d' },
      '/for',
    ],
    ['a time that is none', { scope: { fleet: true }, mode: 'pause', for: 'soon' }, '/for'],
  ])('refuses a halt with %s', async (_name, body, pointer) => {
    expectProblem(await bench.send('POST', '/v1/halts', { body }), 'invalid-request', pointer);
  });

  it.each(['999999999h', '9999999d'])('writes and lifts a halt for %s', async (span) => {
    const body = { scope: { agent: 'crm-bot' }, mode: 'pause', for: span };
    const answer = await bench.send('POST', '/v1/halts', { body });
    expect(answer.status).toBe(201);
    const lift = { body: { reason: 'over' } };
    expect((await bench.send('POST', `/v1/halts/${answer.body.id}/lift`, lift)).status).toBe(200);
  });

  it('refuses votes on what is no approval', async () => {
    const body = { decision: 'approve', digest: `sha256:${'0'.repeat(64)}` };
    expectProblem(await bench.send('POST', '/v1/approvals/none', { body }), 'not-found');
    expectProblem(await bench.send('POST', '/v1/approvals/none:x', { body }), 'not-found');
    const short = { decision: 'approve', digest: 'sha256:00' };
    expectProblem(
      await bench.send('POST', '/v1/approvals/a:b', { body: short }),
      'invalid-request',
    );
  });

  it('refuses orders about agents and people that are not in the fleet', async () => {
    expectProblem(await bench.send('POST', '/v1/agents/none/suspend'), 'not-found');
    const body = { kind: 'api-key' };
    expectProblem(
      await bench.send('POST', '/v1/people/none@x.y/credentials', { body }),
      'not-found',
    );
  });

  it.each([{}, { ceiling: 1, raiseBy: 1 }])('refuses a ceiling that says %j', async (more) => {
    const body = { ...more, reason: 'more' };
    const answer = await bench.send('POST', '/v1/agents/billing-bot/budgets/calls', { body });
    expectProblem(answer, 'invalid-request', '');
    expect(answer.body.detail).toContain('Either `ceiling` or `raiseBy`');
  });

  it.each(['ceiling', 'raiseBy'])('refuses a %s that the log cannot hold', async (name) => {
    const body = { [name]: 2 ** 53 - 1, reason: 'more' };
    const answer = await bench.send('POST', '/v1/agents/billing-bot/budgets/calls', { body });
    expectProblem(answer, 'invalid-request', `/${name}`);
  });

  it('refuses an outcome of an unknown status', async () => {
    const body = { status: 'great' };
    const answer = await bench.send('POST', '/v1/intents/x/outcome', { key, body });
    expectProblem(answer, 'invalid-request', '/status');
  });

  it('answers what is no HTTP with 400 and goes on', async () => {
    expect(await speak('this is not HTTP\r\n\r\n')).toContain('400 Bad Request');
    expect((await bench.send('GET', '/livez')).status).toBe(200);
  });

  it('says why a request without a host is refused', async () => {
    const read = await speak('GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n');
    expect(read).toContain('400 Bad Request');
    expect(read).toContain('"code":"malformed"');
  });

  it('passes over an expectation that it does not know', async () => {
    const lines = ['GET /livez HTTP/1.1', 'host: a', 'expect: moon', 'connection: close'];
    expect(await speak(`${lines.join('\r\n')}\r\n\r\n`)).toContain('200 OK');
  });

  it('takes a path for what it is, and not for another', async () => {
    expect(await speak('GET *livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toContain(
      '404 Not Found',
    );
  });
});

/** What is answered to bytes, until the connection is closed. */
function speak(bytes: string): Promise<string> {
  const { port } = new URL(bench.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
    let read = '';
    socket.on('data', (chunk) => {
      read += chunk;
    });
    socket.on('end', () => resolve(read));
    socket.on('error', reject);
  });
}

describe('credentials', () => {
  it.each([
    ['no header', null],
    ['a word', 'moon'],
    ['a key of nobody', `estop_abcdefghijkl_${'A'.repeat(43)}`],
    ['something like a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.'],
  ])('answers %s with the same 401', async (_name, wrong) => {
    const answer = await bench.send('POST', '/v1/intents', { key: wrong, body: intentOf('c') });
    expectProblem(answer, 'unauthenticated');
    expect(answer.body.detail).toBe('the credential is missing or not valid');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="estop"');
  });

  it('refuses a key with one character changed', async () => {
    const last = key.at(-1) === 'A' ? 'B' : 'A';
    const answer = await bench.send('GET', '/v1/intents/x', { key: key.slice(0, -1) + last });
    expectProblem(answer, 'unauthenticated');
  });

  it('answers 429 to too many failures, and still takes a valid key', async () => {
    const answers = await Promise.all(
      Array.from({ length: 80 }, () => bench.send('GET', '/v1/agents', { key: 'wrong' })),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect(statuses).toEqual(new Set([401, 429]));
    expect((await bench.send('GET', '/v1/agents')).status).toBe(200);
  });

  it('logs no key and no arguments', async () => {
    await bench.send('POST', '/v1/intents', {
      key,
      body: intentOf('l', { arguments: { s: 'hush' } }),
    });
    const text = bench.logLines.join('\n');
    expect(text).not.toContain(key.slice(20));
    expect(text).not.toContain('hush');
  });
});
