/** Bytes that are hardly HTTP: mutated requests, lying lengths, absurd headers, ends in between. */
import fc from 'fast-check';
import { afterAll, assert, beforeAll, describe, expect, it } from 'vitest';
import { FUZZ_TIMEOUT_MS, fuzzAsync } from '../fuzz-run.ts';
import { Door, LOG_TAIL_BYTES_MAX } from './door.ts';
import { RawConnection } from './raw-http.ts';

const BATCH = 20;
const RUNS = 72;
const PLACES = 1_000;
/** Sent before the connection's end is waited for, so that it comes to one. */
const LAST = 'GET /livez HTTP/1.1\r\nhost: estop\r\nconnection: close\r\n\r\n';
const KEY = '{key}';
const STATUSES = ['200', '400', '401', '404', '405', '409', '413', '415', '422', '429'];

let door: Door;
beforeAll(async () => {
  door = await Door.open();
});
afterAll(() => door.close());

const INTENT = '{"id":"i-1","tool":"crm.read","arguments":{}}';
const AUTHORIZATION = `authorization: Bearer ${KEY}`;
const JSON_TYPE = 'content-type: application/json';
const CHUNKED = 'transfer-encoding: chunked';
const LENGTH = `content-length: ${INTENT.length}`;
const CHUNK = `${INTENT.length.toString(16)}\r\n${INTENT}\r\n0\r\n\r\n`;

interface Message {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string;
}

const MESSAGES: readonly Message[] = [
  { line: 'GET /openapi.json HTTP/1.1', headers: [AUTHORIZATION], body: '' },
  { line: 'POST /v1/intents HTTP/1.1', headers: [AUTHORIZATION, JSON_TYPE, LENGTH], body: INTENT },
  { line: 'POST /v1/intents HTTP/1.1', headers: [AUTHORIZATION, JSON_TYPE, CHUNKED], body: CHUNK },
  {
    line: 'POST /v1/intents/batch HTTP/1.1',
    headers: [AUTHORIZATION, 'content-type: application/x-ndjson', CHUNKED],
    body: CHUNK,
  },
];

const LINES = [
  'GET / HTTP/1.0',
  'GET / HTTP/0.9',
  'GET / HTTP/2.0',
  'GET /',
  'PRI * HTTP/2.0',
  'get /livez HTTP/1.1',
  'MOON / HTTP/1.1',
  'CONNECT estop:443 HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'GET /\u0000 HTTP/1.1',
  'GET  / HTTP/1.1',
  'GET /é HTTP/1.1',
  `GET /${'a'.repeat(20_000)} HTTP/1.1`,
  '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
];
const HEADERS = [
  'host: estop',
  'host:',
  'content-length: 0',
  'content-length: 5',
  'content-length: -1',
  'content-length: 1e3',
  'content-length: 99999999999999999999',
  'content-length : 3',
  CHUNKED,
  'transfer-encoding: gzip, chunked',
  'transfer-encoding: chunked, identity',
  'transfer-encoding : chunked',
  'expect: 100-continue',
  'expect: moon',
  'upgrade: websocket',
  'upgrade: h2c',
  'connection: upgrade',
  'connection: close',
  'connection: moon',
  'content-type: text/plain',
  'content-type:',
  'content-encoding: gzip',
  'accept: image/png',
  'traceparent: moon',
  'x-forwarded-for: 192.0.2.1',
  ' folded',
  ': nameless',
  'name with space: x',
  'x-null: \u0000',
  'x-high: \u00ff\u00fe',
  `x-long: ${'a'.repeat(20_000)}`,
  ...['a', 'b'].map((name) => `${`${name}: 1\r\n`.repeat(1_500)}${name}: 1`),
];
const BODIES = [
  '',
  INTENT,
  CHUNK,
  '0\r\n\r\n',
  'ffffffffffffffff\r\n',
  '-1\r\nx\r\n',
  '5;ext=1\r\nhello\r\n0\r\ntrailer: x\r\n\r\n',
  `${INTENT}GET /admin HTTP/1.1\r\nhost: estop\r\n\r\n`,
];

interface Bytes {
  readonly message: Message;
  readonly hasHost: boolean;
  /** In place of what the message has. */
  readonly line: string | null;
  readonly body: string | null;
  readonly more: readonly string[];
  readonly noise: readonly { readonly at: number; readonly byte: number }[];
  readonly cutAt: number | null;
  readonly end: 'last' | 'half' | 'gone' | 'held';
  readonly pieces: number;
}

function seldom<Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: values });
}

const inputs: fc.Arbitrary<Bytes> = fc.record<Bytes>({
  message: fc.constantFrom(...MESSAGES),
  hasHost: fc.constantFrom(true, true, true, true, false),
  line: seldom(fc.constantFrom(...LINES)),
  body: seldom(fc.constantFrom(...BODIES)),
  more: fc.oneof(
    fc.constant([]),
    fc.array(fc.constantFrom(...HEADERS), { minLength: 1, maxLength: 2 }),
  ),
  noise: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.array(fc.record({ at: fc.nat(PLACES - 1), byte: fc.nat(255) }), {
        minLength: 1,
        maxLength: 3,
      }),
    },
  ),
  cutAt: seldom(fc.nat(PLACES - 1)),
  end: fc.constantFrom('last', 'last', 'last', 'half', 'half', 'gone', 'held'),
  pieces: fc.constantFrom(1, 1, 2, 7),
});

function bytesOf({ message, hasHost, line, body, more, noise, cutAt }: Bytes): Buffer {
  const headers = [...(hasHost ? ['host: estop'] : []), ...message.headers, ...more];
  const text = `${[line ?? message.line, ...headers].join('\r\n')}\r\n\r\n${body ?? message.body}`;
  const bytes = Buffer.from(text.replaceAll(KEY, door.agentKey), 'latin1');
  for (const { at, byte } of noise) bytes[Math.floor((at / PLACES) * bytes.length)] = byte;
  return cutAt === null ? bytes : bytes.subarray(0, Math.floor((cutAt / PLACES) * bytes.length));
}

/** Said in part or in whole, and neither ended nor read from while others are served. */
const held: RawConnection[] = [];

/** Says it in pieces, and answers everything that came back before the connection ended. */
async function speak(input: Bytes): Promise<string | null> {
  const connection = await RawConnection.open(door.bench.url);
  try {
    const bytes = bytesOf(input);
    const size = Math.ceil(bytes.length / input.pieces) || 1;
    for (let from = 0; from < bytes.length; from += size) {
      connection.write(bytes.subarray(from, from + size));
      // The other side reads one piece before the next is sent.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (input.end === 'held') held.push(connection);
    if (input.end === 'gone' || input.end === 'held') return null;
    if (input.end === 'last') connection.write(LAST);
    connection.end();
    return await connection.untilClosed();
  } finally {
    if (input.end !== 'held') connection.close();
  }
}

/** Every answer that stands in what came back has a documented status, and a body of its kind. */
function check(told: string, shown: string): void {
  const heads = [...told.matchAll(/^HTTP\/1\.1 (\d{3}) .*\r\n(?:.+\r\n)*\r\n/gm)];
  if (heads.length === 0) {
    assert.equal(told, '', shown);
    door.note('closed');
  }
  for (const { 0: head, 1: status = '', index } of heads) {
    if (status === '100') continue;
    door.note(status);
    assert.include(STATUSES, status, shown);
    if (Number(status) < 400) continue;
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const body = told.slice(index + head.length, index + head.length + length);
    const type = /content-type: (.+)\r\n/i.exec(head)?.[1];
    const extra = { 'www-authenticate': 'Bearer' };
    const answer = { status: Number(status), headers: { 'content-type': type, ...extra }, body };
    door.contract.checkProblem(answer, `${shown} → ${head}${body}`, 'MOON');
  }
}

describe('whatever bytes come', () => {
  it('each request among them is answered, or the connection closed', {
    timeout: FUZZ_TIMEOUT_MS,
  }, async () => {
    const batches = fc.array(inputs, { minLength: BATCH, maxLength: BATCH });
    const options = { runs: RUNS, inputsPerRun: BATCH, heapGrowthBytesMax: LOG_TAIL_BYTES_MAX };
    await fuzzAsync(batches, options, async (batch) => {
      await Promise.all(
        batch.map(async (input) => {
          const told = await speak(input);
          if (told === null) return;
          check(told, bytesOf(input).toString('latin1').slice(0, 400));
        }),
      );
      await door.expectUnharmed();
      for (const connection of held.splice(0)) connection.close();
    });
    for (const what of ['200', '400', '415', 'closed']) {
      expect(door.share(what), what).toBeGreaterThan(0.005);
    }
  });
});
