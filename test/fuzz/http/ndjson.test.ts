/** Batches: lines of every kind, in pieces of every size. */
import fc from 'fast-check';
import { afterAll, assert, beforeAll, describe, expect, it } from 'vitest';
import { FUZZ_TIMEOUT_MS, fuzzAsync } from '../fuzz-run.ts';
import { Door, LOG_TAIL_BYTES_MAX } from './door.ts';
import { mutatedJson } from './json-mutations.ts';
import { RawConnection } from './raw-http.ts';
import { intents } from './valid-intents.ts';

const BATCH = 40;
const RUNS = 175;
const LINE_BYTES_MAX = 256 * 1024;

let door: Door;
beforeAll(async () => {
  door = await Door.open({ limits: { batchInflight: 8 } });
});
afterAll(() => door.close());

interface Line {
  /** A text, bytes, or how many letters. */
  readonly content: string | Uint8Array | number;
  readonly end: string;
}

const lines: fc.Arbitrary<Line> = fc.record<Line>({
  content: fc.oneof(
    { weight: 20, arbitrary: mutatedJson(intents) },
    { weight: 2, arbitrary: fc.constantFrom('', '\r', ' ', '\t', '{}', '[', '\ufeff{}') },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 30 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(LINE_BYTES_MAX - 1, LINE_BYTES_MAX, LINE_BYTES_MAX + 1, 600_000),
    },
  ),
  end: fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', '\n\r\n'),
});

interface Batch {
  readonly lines: readonly Line[];
  readonly endsOpen: boolean;
  /** Sizes of the pieces in which it is sent, over and over. */
  readonly pieces: readonly number[];
  readonly who: 'agent' | 'operator';
  readonly query: string;
}

const batches: fc.Arbitrary<Batch> = fc.record<Batch>({
  lines: fc.array(lines, { minLength: BATCH, maxLength: BATCH }),
  endsOpen: fc.boolean(),
  pieces: fc.array(fc.constantFrom(3, 100, 5_000, 70_000, 300_000), { minLength: 1, maxLength: 3 }),
  who: fc.constantFrom('agent', 'agent', 'operator'),
  query: fc.constantFrom('', '?agent=billing-bot'),
});

/** As the bytes say, and not as the test made them: some hold ends of lines themselves. */
function linesIn(bytes: Buffer): readonly { readonly number: number; readonly size: number }[] {
  const texts = bytes.toString('latin1').split('\n');
  return texts
    .map((text, index) => ({ number: index + 1, size: text.length, isEmpty: /^\r?$/.test(text) }))
    .filter(({ isEmpty }) => !isEmpty);
}

function contentBytes(content: Line['content']): Buffer {
  return typeof content === 'number' ? Buffer.alloc(content, 'a') : Buffer.from(content);
}

function bytesOf({ lines: some, endsOpen }: Batch): Buffer {
  const parts = some.flatMap(({ content, end }) => [contentBytes(content), Buffer.from(end)]);
  return Buffer.concat(endsOpen ? parts.slice(0, -1) : parts);
}

function* chunksOf(bytes: Buffer, pieces: readonly number[]): Generator<Buffer> {
  let from = 0;
  for (let turn = 0; from < bytes.length; turn += 1) {
    // A few bytes at a time would take forever where there are many.
    const size = Math.max(pieces[turn % pieces.length] ?? 1, turn * 2);
    yield bytes.subarray(from, from + size);
    from += size;
  }
}

function send(connection: RawConnection, bytes: Buffer, { pieces, who, query }: Batch): void {
  const key = who === 'agent' ? door.agentKey : door.bench.operatorKey;
  const head = [
    `POST /v1/intents/batch${query} HTTP/1.1`,
    'host: estop',
    `authorization: Bearer ${key}`,
    'content-type: application/x-ndjson',
    'transfer-encoding: chunked',
  ];
  connection.write(`${head.join('\r\n')}\r\n\r\n`);
  for (const chunk of chunksOf(bytes, pieces)) {
    connection.write(`${chunk.length.toString(16)}\r\n`);
    connection.write(chunk);
    connection.write('\r\n');
  }
  connection.write('0\r\n\r\n');
}

function checkLine(text: string): { readonly what: string; readonly line: number | null } {
  const told: Readonly<Record<string, unknown>> = JSON.parse(text);
  const { decision, line, intentId, ...problem } = told;
  if (typeof decision === 'string') {
    assert(typeof intentId === 'string', text);
    return { what: decision, line: null };
  }
  const answer = {
    status: Number(problem['status']),
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify(problem),
  };
  assert(typeof line === 'number', text);
  return { what: door.contract.checkProblem(answer, text.slice(0, 1_000)), line };
}

describe('whatever lines come', () => {
  it('each is decided or refused in its turn, and the batch goes on', {
    timeout: FUZZ_TIMEOUT_MS,
  }, async () => {
    const options = { runs: RUNS, inputsPerRun: BATCH, heapGrowthBytesMax: LOG_TAIL_BYTES_MAX };
    await fuzzAsync(batches, options, async (batch) => {
      const bytes = bytesOf(batch);
      const connection = await RawConnection.open(door.bench.url);
      send(connection, bytes, batch);
      const answer = await connection.answer('POST');
      assert.equal(answer?.status, 200);
      const told = answer?.body.split('\n') ?? [];
      assert.equal(told.pop(), '');
      const asked = linesIn(bytes);
      assert.equal(told.length, asked.length);
      for (const [index, text] of told.entries()) {
        const { what, line } = checkLine(text);
        if (line !== null) assert.equal(line, asked[index]?.number);
        const isTooLarge = (asked[index]?.size ?? 0) > LINE_BYTES_MAX;
        assert.equal(what === 'too-large', isTooLarge, text);
        door.note(what);
      }
      connection.close();
      await door.expectUnharmed();
    });
    expect(door.share('allow', 'deny', 'needs-approval')).toBeGreaterThan(0.1);
    expect(door.share('malformed', 'invalid-request')).toBeGreaterThan(0.2);
    const others = ['allow', 'deny', 'needs-approval', 'too-large', 'intent-conflict'];
    for (const code of [...others, 'acting-for-another']) {
      expect(door.share(code), code).toBeGreaterThan(0.001);
    }
  });
});
