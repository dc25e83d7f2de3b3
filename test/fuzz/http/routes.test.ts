/** Methods, paths and queries, many of them on one connection at a time. */
import fc from 'fast-check';
import { afterAll, assert, beforeAll, describe, expect, it } from 'vitest';
import { FUZZ_TIMEOUT_MS, fuzzAsync } from '../fuzz-run.ts';
import { Door, LOG_TAIL_BYTES_MAX } from './door.ts';
import { RawConnection } from './raw-http.ts';

const BATCH = 60;
const RUNS = 200;

let door: Door;
beforeAll(async () => {
  door = await Door.open();
});
afterAll(() => door.close());

const PATHS = [
  '/',
  '/livez',
  '/readyz',
  '/metrics',
  '/openapi.json',
  '/v1/intents',
  '/v1/intents/batch',
  '/v1/intents/ID',
  '/v1/intents/ID/outcome',
  '/v1/halts',
  '/v1/halts/ID',
  '/v1/halts/ID/lift',
  '/v1/approvals',
  '/v1/approvals/ID',
  '/v1/agents',
  '/v1/agents/ID',
  '/v1/agents/ID/suspend',
  '/v1/agents/ID/resume',
  '/v1/agents/ID/credentials',
  '/v1/agents/ID/credentials/ID',
  '/v1/agents/ID/budgets/ID',
  '/v1/people/ID/credentials',
  '/v1/people/ID/credentials/ID',
  '/v1/fleet',
  '/v1/fleet/ID',
  '/v1/fleet/check',
  '/v1/records',
  '/v1/records/ID/ID',
  '/v1/limits',
  '/v1/lag',
  '/v1/stream',
  '/v1/enforcement/stream',
  '/v1/enforcement/acks',
];

const ids = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'billing-bot',
      'crm-bot',
      'none',
      '0',
      '1',
      '9999',
      '999999999999999',
      'read',
      'dana@example.com',
      'crm-bot:i-1',
      `sha256:${'0a'.repeat(32)}`,
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '',
      '.',
      '..',
      '%2e%2e%2f',
      '%00',
      '%zz',
      '%',
      '%c3%28',
      '%ed%a0%80',
      '%F0%9F%9A%A6',
      '__proto__',
      'constructor',
      ':id',
      '*',
      '-1',
      '1e3',
      'a;b=c',
      '~',
      '$&',
      'a'.repeat(401),
      'a'.repeat(1_100),
      'a'.repeat(7_000),
    ),
  },
  // What a first line can hold: other bytes are no HTTP, and tried elsewhere.
  { weight: 1, arbitrary: fc.stringMatching(/^[!-"$->@-~]{0,20}$/) },
);

const paths = fc.oneof(
  {
    weight: 12,
    arbitrary: fc
      .tuple(fc.constantFrom(...PATHS), ids, ids)
      .map(([path, one, other]) => path.replace('ID', () => one).replace('ID', () => other)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '//v1/agents',
      '/v1//agents',
      '/v1/agents/',
      '/v1/%61gents',
      '/V1/AGENTS',
      '/v1/../v1/agents',
      '/v1/agents#fragment',
      '*',
      'http://elsewhere.example/v1/agents',
      '/.git/config',
      `/${'a/'.repeat(2_000)}`,
    ),
  },
);

const NAMES = [
  'agent',
  'wait',
  'state',
  'tool',
  'session',
  'intent',
  'decision',
  'type',
  'from',
  'to',
  'limit',
  'cursor',
  '__proto__',
  'hasOwnProperty',
  'agent[]',
  'agent[a]',
  '',
];
const VALUES = [
  'billing-bot',
  'crm-bot',
  '1ms',
  '0s',
  '999999999d',
  'all',
  'live',
  'pending',
  'allow',
  'deny',
  'decision,halt',
  '0',
  '1',
  '1000',
  '9999',
  '0.0',
  '2.999999999999999',
  '9999.0',
  '2026-01-01',
  '-271821-04-20',
  '+275760-09-13',
  '999999999999999',
  '',
  'x',
  'NaN',
  '%00',
  '%zz',
  '%ff',
  '__proto__',
  'a'.repeat(255),
];

const queries = fc.oneof(
  { weight: 2, arbitrary: fc.constant('') },
  {
    weight: 4,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES)), {
        minLength: 1,
        maxLength: 3,
      })
      .map((pairs) => `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('?', '?&&&', '?=', '?a', '??', `?${'a=1&'.repeat(1_500)}`),
  },
);

const methods = fc.oneof(
  { weight: 8, arbitrary: fc.constant('GET') },
  { weight: 3, arbitrary: fc.constant('POST') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'HEAD',
      'PUT',
      'DELETE',
      'PATCH',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'QUERY',
      'M-SEARCH',
      'SOURCE',
    ),
  },
);

interface Line {
  readonly method: string;
  readonly target: string;
  readonly who: 'operator' | 'viewer' | 'agent' | 'nobody';
}

const REFUSED_AT_STREAM: Readonly<Record<string, Line['who']>> = {
  '/v1/stream': 'agent',
  '/v1/enforcement/stream': 'viewer',
};

const lines: fc.Arbitrary<Line> = fc
  .record({
    method: methods,
    path: paths,
    query: queries,
    who: fc.constantFrom('operator', 'operator', 'operator', 'viewer', 'agent', 'nobody'),
  })
  .map(({ method, path, query, who }) => {
    // A stream that opens never ends, and nothing after it would be answered.
    const refused = method === 'GET' ? REFUSED_AT_STREAM[path] : undefined;
    return { method, target: `${path}${query}`, who: refused ?? who };
  });

function textOf({ method, target, who }: Line): string {
  const { bench, agentKey, viewerKey } = door;
  const keys = { operator: bench.operatorKey, viewer: viewerKey, agent: agentKey, nobody: null };
  const key = keys[who];
  const credential = key === null ? '' : `authorization: Bearer ${key}\r\n`;
  return `${method} ${target} HTTP/1.1\r\nhost: estop\r\n${credential}content-length: 0\r\n\r\n`;
}

describe('whatever path is asked', () => {
  it('is answered in its turn as the document says, or not found', {
    timeout: FUZZ_TIMEOUT_MS,
  }, async () => {
    const batches = fc.array(lines, { minLength: BATCH, maxLength: BATCH });
    const options = {
      runs: RUNS,
      inputsPerRun: BATCH,
      heapGrowthBytesMax: LOG_TAIL_BYTES_MAX,
    };
    await fuzzAsync(batches, options, async (batch) => {
      const connection = await RawConnection.open(door.bench.url);
      connection.write(batch.map(textOf).join(''));
      for (const line of batch) {
        const answer = await connection.answer(line.method);
        assert(answer !== null, `closed at ${JSON.stringify(line)}`);
        door.note(door.contract.check(line, answer));
      }
      connection.close();
      await door.expectUnharmed();
    });
    const codes = ['200', 'not-found', 'method-not-allowed', 'invalid-request', 'malformed'];
    for (const code of [...codes, 'forbidden']) {
      expect(door.share(code), code).toBeGreaterThan(0.01);
    }
    expect(door.share('unauthenticated', 'too-many-failures')).toBeGreaterThan(0.01);
  });
});
