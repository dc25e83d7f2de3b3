/** Where a reader of the event stream says that it stands, and what it says it wants. */
import { request } from 'node:http';
import fc from 'fast-check';
import { afterAll, assert, beforeAll, describe, expect, it } from 'vitest';
import { FUZZ_TIMEOUT_MS, fuzzAsync } from '../fuzz-run.ts';
import { bearer, Door, LOG_TAIL_BYTES_MAX } from './door.ts';

const BATCH = 15;
const RUNS = 80;
const ANSWER_MS_MAX = 20_000;
const HEADER_CHARS_MAX = 12_000;

let door: Door;
/** Where a reader stands that has heard everything so far. */
let position: string;
beforeAll(async () => {
  door = await Door.open();
  const { frames } = await listen({ query: '', lastEventId: null, who: 'operator' });
  position = frames[0]?.get('id') ?? '';
});
afterAll(() => door.close());

interface Reader {
  readonly query: string;
  readonly lastEventId: string | null;
  readonly who: 'operator' | 'agent';
}

type Frame = ReadonlyMap<string, string>;

/** What is answered up to the first heartbeat: everything that was missed comes before it. */
function listen({ query, lastEventId, who }: Reader): Promise<{
  readonly status: number;
  readonly frames: readonly Frame[];
}> {
  const key = who === 'operator' ? door.bench.operatorKey : door.agentKey;
  const target = `/v1/stream${query}`;
  return new Promise((resolve, reject) => {
    const asked = request(`${door.bench.url}${target}`, {
      headers: {
        ...bearer(key),
        ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
      },
      timeout: ANSWER_MS_MAX,
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer to ${target}`)));
    asked.on('error', reject);
    asked.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      let body = '';
      const finish = (): void => {
        asked.off('error', reject).on('error', () => undefined);
        asked.destroy();
        const told = { 'content-type': headers['content-type'] };
        const answer = { status, headers: told, body };
        const what = door.contract.check({ method: 'GET', target }, answer);
        const frames = status === 200 ? framesOf(body) : [];
        door.note(frames.some((frame) => frame.get('event') === 'gap') ? 'gap' : what);
        resolve({ status, frames });
      };
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.includes(': alive\nid: ') && body.endsWith('\n\n')) finish();
      });
      response.on('end', finish);
    });
    asked.end();
  });
}

function framesOf(body: string): readonly Frame[] {
  const frames = body.split('\n\n').map((frame) => {
    const fields = frame.split('\n').filter((line) => line !== '' && !line.startsWith(':'));
    return new Map(
      fields.map((line) => {
        const cut = line.indexOf(': ');
        assert(cut > 0, `no field: ${line}`);
        return [line.slice(0, cut), line.slice(cut + 2)] as const;
      }),
    );
  });
  for (const frame of frames) {
    const data = frame.get('data');
    if (data !== undefined) assert.equal(typeof JSON.parse(data), 'object');
    const id = frame.get('id');
    if (id !== undefined) assert.match(id, /^[0-9a-f]{8}~[0-9a-z]+(\.[0-9a-z]+)*$/);
  }
  return frames;
}

interface Edit {
  readonly kind: 'offset' | 'tag' | 'cut' | 'more' | 'fewer';
  readonly at: number;
  readonly text: string;
}

const OFFSETS = [
  '0',
  '1',
  '5',
  'zzzz',
  'zzzzzzzzzzz',
  '2gosa7pa2gv',
  'A',
  '-1',
  '',
  '0x1',
  '1e9',
  ' 1',
];

const edits: fc.Arbitrary<Edit> = fc.record<Edit>({
  kind: fc.constantFrom('offset', 'offset', 'offset', 'tag', 'cut', 'more', 'fewer'),
  at: fc.nat(40),
  text: fc.constantFrom(...OFFSETS),
});

/** The position with something changed: an older one, a later one, or none at all. */
function edited({ kind, at, text }: Edit): string {
  const [tag = '', offsets = ''] = position.split('~');
  const parts = offsets.split('.');
  switch (kind) {
    case 'offset':
      return `${tag}~${parts.with(at % parts.length, text).join('.')}`;
    case 'tag':
      return `${'0'.repeat(at % 9)}~${offsets}`;
    case 'cut':
      return position.slice(0, at % position.length);
    case 'more':
      return `${position}.${text}`;
    case 'fewer':
      return `${tag}~${parts.slice(0, at % parts.length).join('.')}`;
  }
}

const lastEventIds = fc.oneof(
  { weight: 6, arbitrary: edits.map((edit) => () => edited(edit)) },
  { weight: 1, arbitrary: fc.constant(() => position) },
  { weight: 1, arbitrary: fc.constant(() => `${position.split('~')[0]}~${'0.'.repeat(40)}0`) },
  // What a header can hold.
  {
    weight: 2,
    arbitrary: fc.stringMatching(/^[ -~\u0080-\u00ff]{0,40}$/).map((text) => () => text),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('~', '~~', '.', 'x'.repeat(HEADER_CHARS_MAX), '0.'.repeat(5_000))
      .map((text) => () => text),
  },
);

const queries = fc.constantFrom(
  '',
  '',
  '',
  '?type=decision',
  '?type=decision,halt,approval&agent=witness-bot',
  '?type=moon',
  '?type=',
  '?type=,',
  '?decision=allow&tool=crm.read',
  '?decision=maybe',
  '?agent=',
  `?agent=${'a'.repeat(255)}`,
  '?lastEventId=0',
  '?agent=a&agent=b',
);

describe('whatever a reader of the stream says it has read', () => {
  it('it gets events, or hears of a gap, or is refused with a documented code', {
    timeout: FUZZ_TIMEOUT_MS,
  }, async () => {
    const readers = fc.record({
      query: queries,
      id: fc.oneof(
        { weight: 9, arbitrary: lastEventIds },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      who: fc.constantFrom<Reader['who'][]>(
        ...(['operator', 'operator', 'operator', 'agent'] as const),
      ),
    });
    const batches = fc.array(readers, { minLength: BATCH, maxLength: BATCH });
    const options = { runs: RUNS, inputsPerRun: BATCH, heapGrowthBytesMax: LOG_TAIL_BYTES_MAX };
    await fuzzAsync(batches, options, async (batch) => {
      await Promise.all(
        batch.map(({ query, id, who }) =>
          listen({ query, lastEventId: id === null ? null : id(), who }),
        ),
      );
      await door.expectUnharmed();
    });
    for (const code of ['200', 'gap', 'invalid-request', 'forbidden']) {
      expect(door.share(code), code).toBeGreaterThan(0.05);
    }
  });
});
