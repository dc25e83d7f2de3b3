import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, intentOf, startBench } from './harness.ts';

let bench: Bench;
let key: string;

beforeAll(async () => {
  bench = await startBench({ limits: { batchInflight: 16, batchLines: 600 } });
  key = await bench.keyOf('billing-bot');
});
afterAll(() => bench.close());

const NDJSON = { 'content-type': 'application/x-ndjson' };

interface Line {
  readonly intentId?: string;
  readonly decision?: string;
  readonly code?: string;
  readonly line?: number;
}

async function sendBatch(text: string, options: { key?: string; path?: string } = {}) {
  const { path = '/v1/intents/batch' } = options;
  const answer = await bench.send('POST', path, { text, headers: NDJSON, key: options.key ?? key });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
  const lines = String(answer.body).split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line): Line => JSON.parse(line));
}

it('answers many lines in the order in which they came', async () => {
  const ids = Array.from({ length: 500 }, (_, index) => `many-${index}`);
  const lines = await sendBatch(ids.map((id) => `${JSON.stringify(intentOf(id))}\n`).join(''));
  expect(lines.map(({ intentId }) => intentId)).toEqual(ids);
  expect(lines.every(({ decision }) => decision === 'allow')).toBe(true);
});

it('writes the intents of one agent in that order', async () => {
  const ids = Array.from({ length: 100 }, (_, index) => `order-${index}`);
  await sendBatch(ids.map((id) => JSON.stringify(intentOf(id))).join('\r\n'));
  const codec = bench.log.codec('intents.v1');
  const written: string[] = [];
  for (let partition = 0; partition < bench.log.partitions; partition += 1) {
    const { records } = await bench.log.read('intents.v1', partition, {
      fromOffset: 0,
      maxRecords: 2_000,
    });
    for (const { value } of records) if (value !== null) written.push(codec.decode(value).intentId);
  }
  expect(written.filter((id) => id.startsWith('order-'))).toEqual(ids);
});

it('answers a bad line with a problem in its place and goes on', async () => {
  const lines = await sendBatch(
    [
      JSON.stringify(intentOf('ok-1')),
      '',
      '{',
      JSON.stringify(intentOf('bad', { tool: 7 })),
      JSON.stringify(intentOf('other', { agent: 'crm-bot' })),
      JSON.stringify(intentOf('large', { reason: 'x'.repeat(300_000) })),
      JSON.stringify(intentOf('ok-2')),
    ].join('\n'),
  );
  expect(lines.map(({ decision, code, line }) => [decision ?? code, line])).toEqual([
    ['allow', undefined],
    ['malformed', 3],
    ['invalid-request', 4],
    ['acting-for-another', 5],
    ['too-large', 6],
    ['allow', undefined],
  ]);
  expect(lines[3]?.intentId).toBe('other');
});

it('lets an operator name the agent per line or once', async () => {
  const operator = { key: bench.operatorKey };
  const named = intentOf('op-1', { agent: 'crm-bot' });
  const text = `${JSON.stringify(named)}\n${JSON.stringify(intentOf('op-2'))}\n`;
  const [first, second] = await sendBatch(text, operator);
  expect([first?.decision, second?.code]).toEqual(['allow', 'invalid-request']);
  const path = '/v1/intents/batch?agent=crm-bot';
  const once = await sendBatch(JSON.stringify(intentOf('op-3')), { ...operator, path });
  expect(once[0]?.decision).toBe('allow');
});

it('stops at its bound of lines and says so', async () => {
  const text = `${JSON.stringify(intentOf('same'))}\n`.repeat(700);
  const lines = await sendBatch(text);
  expect(lines.length).toBe(601);
  expect(lines.at(-1)).toMatchObject({ code: 'too-large', line: 601 });
});
