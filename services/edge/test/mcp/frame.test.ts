/** Frames as clients send them, and as attackers do. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseClientFrame } from '../../src/domain/mcp/frame.ts';
import { judgedBy } from '../../src/domain/mcp/judged.ts';
import { idOfOversize } from '../../src/domain/mcp/oversize-id.ts';
import { serverNameOf } from '../../src/domain/mcp/server-name.ts';
import { LineSplitter } from '../../src/mcp/line-splitter.ts';
import { type SseEvent, SseSplitter } from '../../src/mcp/sse-splitter.ts';

const METHODS = ['tools/call', 'resources/read', 'prompts/get', 'ping', 'tools/list', ''];
const member = fc.tuple(
  fc.constantFrom('jsonrpc', 'id', 'method', 'params', 'm\\u0065thod', 'Method', 'x'),
  fc.oneof(
    fc.constantFrom(...METHODS).map((method) => JSON.stringify(method)),
    fc.constantFrom(
      '"2.0"',
      '"to\\u006fls/call"',
      '1',
      '{"name":"t"}',
      '{"uri":"u"}',
      '[]',
      'null',
    ),
    fc.jsonValue().map((value) => JSON.stringify(value)),
  ),
);
/** Members in any order and number, with any white space: often twice, often no request at all. */
const frameText = fc
  .tuple(fc.array(member, { maxLength: 6 }), fc.constantFrom('', ' ', '\t', '\r', '\u2028'))
  .map(([members, space]) => {
    const rest = members.map(([key, value]) => `"${key}"${space}:${value}`);
    return `{${space}${['"jsonrpc":"2.0"', ...rest].join(`${space},`)}}`;
  });

/** Every method that any reader could see, whichever of two equal keys counts for it. */
function methodsSeen(text: string): readonly string[] {
  const members = /("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*")/g;
  return [...text.matchAll(members)]
    .filter(([, key]) => String(JSON.parse(key ?? '""')).toLowerCase() === 'method')
    .map(([, , value]) => String(JSON.parse(value ?? '""')));
}

describe('a frame', () => {
  it('never throws, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseClientFrame(text)));
    fc.assert(
      fc.property(frameText, (text) => void parseClientFrame(text)),
      { numRuns: 2_000 },
    );
  });

  it('is judged whenever a reader could take it for a judged one', () => {
    const judged = ['tools/call', 'resources/read', 'prompts/get'];
    fc.assert(
      fc.property(frameText, (text) => {
        const frame = parseClientFrame(text);
        if (frame.kind !== 'request' || judgedBy('s', frame).kind !== 'passes') return;
        const params = JSON.stringify(frame.params);
        const outside = methodsSeen(text).filter((seen) => !params.includes(JSON.stringify(seen)));
        expect(outside.filter((method) => judged.includes(method))).toEqual([]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('that is judged is, sent on, the frame that was judged', () => {
    const params = fc.record({
      name: fc.string({ minLength: 1 }),
      arguments: fc.dictionary(fc.string(), fc.jsonValue()),
    });
    fc.assert(
      fc.property(params, fc.oneof(fc.integer(), fc.string()), (given, id) => {
        const text = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: given });
        const frame = parseClientFrame(text);
        if (frame.kind !== 'request') throw new Error(`not a request: ${text}`);
        const judged = judgedBy('s', frame);
        if (judged.kind !== 'judged') return;
        const sent = JSON.parse(JSON.stringify(frame.frame));
        expect(JSON.stringify(sent.params.arguments)).toBe(JSON.stringify(judged.call.arguments));
        expect(`mcp.s.${sent.params.name}`).toBe(judged.call.tool);
      }),
    );
  });

  it('of any depth is refused and not a crash', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const frame = parseClientFrame(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":${deep}}}}`,
    );
    if (frame.kind === 'request') expect(judgedBy('s', frame).kind).toBe('bad');
    else expect(frame.kind).toBe('bad');
  });
});

describe('the lines of a stream', () => {
  it('are the same bytes, however they are cut', () => {
    const lines = fc.array(fc.string({ unit: 'binary' }), { maxLength: 8 });
    fc.assert(
      fc.property(lines, fc.array(fc.nat(40), { maxLength: 20 }), (texts, cuts) => {
        const bytes = Buffer.from(texts.join('\n'));
        const seen: Buffer[] = [];
        const splitter = new LineSplitter(1_000_000, {
          line: (line) => void seen.push(line),
          oversize: () => expect.unreachable(),
        });
        let at = 0;
        for (const cut of cuts) {
          splitter.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        splitter.push(bytes.subarray(Math.min(at, bytes.length)));
        splitter.end();
        expect(Buffer.concat(seen).equals(bytes)).toBe(true);
        expect(seen.slice(0, -1).every((line) => line.indexOf(10) === line.length - 1)).toBe(true);
      }),
    );
  });

  it('beyond the limit keep their two ends, and the next line is whole', () => {
    const seen: unknown[] = [];
    const splitter = new LineSplitter(2_000, {
      line: (line) => seen.push(line.toString()),
      oversize: ({ head, tail }) => seen.push([head.slice(0, 3), tail.slice(-4)]),
    });
    for (const part of ['abc', 'x'.repeat(5_000), 'x'.repeat(5_000), 'yz}\nne', 'xt\n']) {
      splitter.push(Buffer.from(part));
    }
    expect(seen).toEqual([['abc', 'yz}\n'], 'next\n']);
  });
});

describe('the events of a stream', () => {
  it('are the same events and bytes, however they are cut', () => {
    const text = ': a\r\n\r\nid: 1\rdata: x\rdata: y\r\rdata:z\n\nevent: e\r\ndata: w\r\n\r\n';
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 9 }), (cuts) => {
        const seen: SseEvent[] = [];
        const splitter = new SseSplitter(1_000, (event) => void seen.push(event));
        let from = 0;
        for (const to of [...cuts.sort((one, other) => one - other), text.length]) {
          splitter.push(Buffer.from(text.slice(from, to)));
          from = to;
        }
        expect(Buffer.concat(seen.map(({ bytes }) => bytes)).toString()).toBe(text);
        const datas = seen.map(({ data }) => data).filter((data) => data !== '');
        expect(datas).toEqual(['x\ny', 'z', 'w']);
      }),
    );
  });
});

describe('the id of a frame that is too large', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":5,"result":{"a', 'bc"}}\n', 5],
    ['{"result":{"a', 'bc"},"jsonrpc":"2.0","id":"q"}\n', 'q'],
    ['{"result":{"a', 'bc"},"id":7,"jsonrpc":"2.0"}', 7],
    ['{"result":{"a', 'bc","id":7}}\n', null],
    ['{"result":{"a', '\\"id\\":7}"}\n', null],
    ['{"result":{"id":1', '"x":2}}', null],
  ])('is found at either end of the outermost object: %s…%s', (head, tail, id) => {
    expect(idOfOversize({ head, tail })).toBe(id);
  });
});

describe('the name of a server', () => {
  it.each([
    ['npx -y @modelcontextprotocol/server-filesystem@2026.8.31 /tmp', 'filesystem'],
    ['node dist/github-mcp-server.mjs --port 1', 'github'],
    ['uvx mcp-server-git --repository .', 'git'],
    ['/usr/local/bin/my_tools', 'my_tools'],
    ['python -m weather.server', 'weather'],
    ['npx mcp-server', 'server'],
    ['npx', undefined],
  ])('of `%s` is %s', (command, name) => {
    expect(serverNameOf(command.split(' '))).toBe(name);
  });
});
