import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAmount, formatDollars, formatSpan, formatTime } from '../src/domain/amounts.ts';
import { createEventStreamParser, type ServerSentEvent } from '../src/domain/event-stream.ts';
import { exitOfStatus } from '../src/domain/exit.ts';
import { explainIntent } from '../src/domain/explain.ts';
import { readJsonLine } from '../src/domain/json-lines.ts';
import { createPainter, plain } from '../src/domain/paint.ts';
import { describeScope, scopeOf } from '../src/domain/scope.ts';
import { formatTable } from '../src/domain/table.ts';

describe('amounts', () => {
  it.each([
    [0, '$0.00'],
    [1, '$0.000001'],
    [10_000, '$0.01'],
    [1_500_000, '$1.50'],
    [4_900_000_000, '$4900.00'],
    [-2_000_000, '-$2.00'],
    [1_234_567, '$1.234567'],
  ])('%i micro-dollars are %s', (amount, text) => {
    expect(formatDollars(amount)).toBe(text);
  });

  it('shows other units as they are', () => {
    expect(formatAmount(3, 'calls')).toBe('3 calls');
  });

  it.each([
    [-5, '0 ms'],
    [900, '900 ms'],
    [12_000, '12 s'],
    [300_000, '5 min'],
    [10_800_000, '3 h'],
    [172_800_000, '2 d'],
  ])('%i ms are %s', (ms, text) => {
    expect(formatSpan(ms)).toBe(text);
  });

  it('shows no time when there is none', () => {
    expect(formatTime(null)).toBe('');
    expect(formatTime(Number.MAX_VALUE)).toBe('');
    expect(formatTime(0)).toBe('1970-01-01 00:00:00Z');
  });
});

describe('tables', () => {
  it('align columns whatever the colour of their cells', () => {
    const { bad } = createPainter(true);
    const lines = formatTable(
      ['A', 'B'],
      [
        [bad('x'), '1'],
        ['longer', '2'],
      ],
    ).split('\n');
    expect(lines[0]).toBe('A       B');
    expect(lines[1]?.endsWith('       1')).toBe(true);
    expect(lines[2]).toBe('longer  2');
  });

  it('show control characters of agents instead of obeying them', () => {
    expect(plain('a\u001b[2Jb\u202ec')).toBe('a\\u001b[2Jb\\u202ec');
  });
});

describe('server-sent events', () => {
  const STREAM =
    ': hello\n\nid: 7\nevent: decision\ndata: {"a":1}\ndata: 2\r\n\r\nid: 8\ndata: x\n\n';

  it('are the same however the stream is cut', () => {
    const whole = createEventStreamParser().push(STREAM);
    expect(whole).toEqual([
      { id: '7', event: 'decision', data: '{"a":1}\n2' },
      { id: '8', event: 'message', data: 'x' },
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (cuts) => {
        const parser = createEventStreamParser();
        const events: ServerSentEvent[] = [];
        let at = 0;
        for (let turn = 0; at < STREAM.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1;
          events.push(...parser.push(STREAM.slice(at, at + size)));
          at += size;
        }
        expect(events).toEqual(whole);
      }),
    );
  });
});

describe('scopes of halts', () => {
  it.each([
    [{ agent: 'a' }, { agent: 'a' }],
    [
      { agent: 'a', tool: 't' },
      { agent: 'a', tool: 't' },
    ],
    [{ tool: 't' }, { tool: 't' }],
    [{ group: 'g' }, { group: 'g' }],
    [{ fleet: true }, { fleet: true }],
  ])('%o is a scope', (options, scope) => {
    expect(scopeOf(options)).toEqual(scope);
  });

  it.each([[{}], [{ fleet: true, agent: 'a' }], [{ group: 'g', tool: 't' }]])(
    '%o is none',
    (options) => {
      expect(scopeOf(options)).toBeTypeOf('string');
    },
  );

  it('read well', () => {
    expect(describeScope({ fleet: true, group: null })).toBe('the fleet');
    expect(describeScope({ agent: 'a', tool: 't', fleet: false })).toBe('agent a, tool t');
  });
});

describe('exit codes', () => {
  it.each([
    [401, 4],
    [403, 4],
    [404, 5],
    [409, 6],
    [422, 1],
    [503, 1],
  ])('status %i ends with %i', (status, code) => {
    expect(exitOfStatus(status)).toBe(code);
  });
});

describe('JSON lines', () => {
  it.each([
    ['{"a":1}', 'value'],
    ['[1]', 'bad'],
    ['{', 'bad'],
    ['7', 'bad'],
  ])('%s is a %s', (text, kind) => {
    expect(readJsonLine(text, 3)).toMatchObject({ kind, line: 3 });
  });

  it('skips empty lines', () => {
    expect(readJsonLine('  ', 1)).toBeUndefined();
  });
});

describe('the explanation of an intent', () => {
  const intent = {
    intentId: 'i1',
    agentId: 'billing-bot',
    tool: 'crm.delete',
    arguments: '{"id":"c-1"}',
    reason: 'a duplicate\u001b[31m',
    provenance: { '/id': 'tool' },
  };
  const records = [
    {
      partition: 3,
      offset: 17,
      at: 1_000,
      policyHash: 'sha256:ab',
      events: [
        {
          type: 'IntentProposed',
          intent,
          digest: 'sha256:00',
          tier: 'destructive',
          targets: ['c-1'],
        },
        {
          type: 'ApprovalRequested',
          intentId: 'i1',
          reason: 'approval-required',
          message: 'a person looks first',
          rules: ['deletes-ask'],
          held: [{ budgetId: 'deletions', amount: 1 }],
          expiresAt: 61_000,
          quorum: 2,
          approvers: ['data-owners'],
        },
      ],
    },
    {
      partition: 3,
      offset: 19,
      at: 2_000,
      policyHash: 'sha256:ab',
      events: [
        { type: 'ApprovalVoted', intentId: 'i1', person: 'dana@example.com', vote: 'approve' },
        {
          type: 'IntentAllowed',
          intentId: 'i1',
          reason: 'approved',
          rules: ['deletes-ask'],
          held: [],
        },
        { type: 'IntentDenied', intentId: 'other', reason: 'halted', message: '', rules: [] },
      ],
    },
    {
      partition: 3,
      offset: 22,
      at: 3_000,
      policyHash: 'sha256:ab',
      events: [
        {
          type: 'OutcomeRecorded',
          outcome: { intentId: 'i1', status: 'ok', durationMs: 12, reportedBy: 'billing-bot' },
          settled: [{ budgetId: 'deletions', reserved: 1, spent: 1, overrun: 0 }],
        },
      ],
    },
  ];

  it('tells what was asked, decided, voted and done, and where it is written', () => {
    expect(explainIntent('i1', records)).toEqual([
      'billing-bot asked to call crm.delete (destructive) at 1970-01-01 00:00:01Z.',
      '  why: a duplicate\\u001b[31m',
      '  arguments: {"id":"c-1"}',
      '  from tool output only: /id',
      '  aimed at: c-1',
      '  digest: sha256:00',
      'estop asked for approval at 1970-01-01 00:00:01Z (approval-required): a person looks first',
      '  rules: deletes-ask',
      '  who may say yes: data-owners; 2 votes, until 1970-01-01 00:01:01Z',
      '  held 1 on budget deletions',
      'dana@example.com voted approve at 1970-01-01 00:00:02Z.',
      'estop allowed it at 1970-01-01 00:00:02Z (approved).',
      '  rules: deletes-ask',
      'The outcome was ok after 12 ms, reported by billing-bot at 1970-01-01 00:00:03Z.',
      '  spent 1 of 1 held on budget deletions',
      'Written at 3/17, 3/19, 3/22 of the audit log, under policy sha256:ab.',
    ]);
  });

  it('tells how the breaker turned with it', () => {
    const turn = {
      type: 'BreakerChanged',
      from: 'half-open',
      to: 'open',
      cause: 'probe-failed',
      until: 31_000,
      explanation: 'probe i1 ended with error',
      signal: null,
      evidence: null,
    };
    const outcome = { intentId: 'i1', status: 'error', reportedBy: 'billing-bot' };
    const told = explainIntent('i1', [
      { partition: 0, offset: 1, at: 1_000, events: [{ type: 'OutcomeRecorded', outcome }, turn] },
    ]);
    expect(told).toContain(
      "The agent's breaker went from half-open to open at 1970-01-01 00:00:01Z (probe-failed): " +
        'probe i1 ended with error',
    );
    expect(told).toContain('  until: 1970-01-01 00:00:31Z');
  });

  it('tells nothing of an intent that the records do not hold', () => {
    expect(explainIntent('i9', records)).toEqual([]);
  });
});
