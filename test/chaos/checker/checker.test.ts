/** A checker that cannot fail proves nothing: each rule is shown a history that breaks it. */
import { describe, expect, it } from 'vitest';
import { checkHistory } from './check.ts';
import { findings } from './findings.ts';
import { AGENT, allowed, denied, proposed, started, WrittenHistory } from './written-history.ts';

const LATE_CAUSE = { topic: 'intents.v1', partition: 0, offset: 100 };

/** Two writers, a lost race on each side, a poison record, a budget that is used up. */
function writtenWell(): WrittenHistory {
  const written = new WrittenHistory();
  written.audit([started('w1')]);
  written.allow('i-1');
  const overtaken = written.head;
  written.audit([started('w2')], { writer: 'w2' });
  written.audit([proposed('late'), allowed('late')], { writer: 'w1', head: overtaken });
  written.settle('i-1', { topic: 'outcomes.v1', partition: 0, offset: 0 });
  for (const id of ['i-2', 'i-3', 'i-4', 'i-5']) written.allow(id, 'w2');
  const asked = written.ask('i-6');
  const cause = { topic: 'intents.v1', partition: 0, offset: asked };
  const offset = written.audit([proposed('i-6'), denied('i-6', 'budget-exhausted')], { cause });
  written.publish('i-6', { offset, decision: 'deny', reason: 'budget-exhausted' });
  poisonWith(written, Buffer.from('not Avro'));
  return written;
}

function poisonWith(written: WrittenHistory, value: Buffer): void {
  const at = { topic: 'intents.v1', partition: 0, offset: written.append('intents.v1', value) };
  written.poison.push(at);
  const rest = { detail: '', key: null, value, at: 0 };
  written.write('dead-letters.v1', { ...at, ...rest, reason: 'malformed' });
}

describe('the checker', () => {
  it('accepts a history with takeovers, late writes, poison and a budget used up', () => {
    const judgement = checkHistory(writtenWell().history());
    expect(judgement.violations).toEqual([]);
    expect(judgement).toMatchObject({ validRecords: 9, voidRecords: 1, finalDecisions: 6 });
  });

  it('accepts the start of a writer that another one overtook', () => {
    const written = writtenWell();
    const overtaken = written.head;
    written.settle('i-2', { topic: 'outcomes.v1', partition: 0, offset: 1 });
    written.audit([started('w3')], { writer: 'w3', head: overtaken });
    expect(findings(written.history())).toEqual([]);
  });
});

describe('a doctored history', () => {
  it('with a second final decision on an intent is caught at the second', () => {
    const written = writtenWell();
    written.audit([denied('i-2', 'halted')]);
    expect(findings(written.history())).toContain('decided-twice audit.v1/0@10');
  });

  it('without the record of an acknowledged intent is caught where it should stand', () => {
    const written = writtenWell();
    written.acknowledge('i-9', { offset: 77 });
    expect(findings(written.history())).toEqual(['acknowledged-lost audit.v1/0@77']);
  });

  it('whose acknowledged record is void is caught', () => {
    const written = writtenWell();
    written.acknowledge('late', { offset: 3 });
    expect(findings(written.history())).toContain('acknowledged-lost audit.v1/0@3');
  });

  it('that tells an agent another answer than the log is caught', () => {
    const written = writtenWell();
    const [first] = written.acknowledged;
    if (first !== undefined) written.acknowledged[0] = { ...first, decision: 'deny' };
    expect(findings(written.history())).toEqual(['acknowledged-differs audit.v1/0@1']);
  });

  it('with a record taken out is caught at the gap and at what rested on it', () => {
    const { records, ...rest } = writtenWell().history();
    const audit = records['audit.v1'].filter(({ offset }) => offset !== 4);
    const found = findings({ ...rest, records: { ...records, 'audit.v1': audit } });
    expect(found).toContain('log-gap audit.v1/0@5');
    expect(found).toContain('void-unexplained audit.v1/0@5');
  });

  it('with two records swapped is caught at both', () => {
    const { records, ...rest } = writtenWell().history();
    const audit = records['audit.v1'].map((record, offset) => {
      const other = { 5: 6, 6: 5 }[offset] ?? offset;
      return { ...record, value: records['audit.v1'][other]?.value ?? null };
    });
    const found = findings({ ...rest, records: { ...records, 'audit.v1': audit } });
    expect(found).toContain('void-unexplained audit.v1/0@5');
    expect(found).toContain('void-unexplained audit.v1/0@7');
  });

  it('with one bit of a record changed is caught at the record that follows', () => {
    const written = writtenWell();
    const value = written.records['audit.v1'][1]?.value;
    const at = value?.indexOf(AGENT) ?? 0;
    value?.writeUInt8((value[at] ?? 0) ^ 1, at);
    expect(findings(written.history())).toContain('void-unexplained audit.v1/0@2');
  });

  it('with a void record that nobody overtook is caught', () => {
    const written = writtenWell();
    const head = { seq: 50, prev: Buffer.alloc(32, 1) };
    written.audit([proposed('x'), allowed('x')], { writer: 'w9', head });
    expect(findings(written.history())).toEqual(['void-unexplained audit.v1/0@10']);
  });

  it('with a record that its own writer wrote twice is caught', () => {
    const written = writtenWell();
    const last = written.records['audit.v1'].at(-1)?.value ?? Buffer.alloc(0);
    written.append('audit.v1', last);
    expect(findings(written.history())).toEqual(['void-unexplained audit.v1/0@10']);
  });

  it('that passes a ceiling is caught at the record that passed it', () => {
    const written = writtenWell();
    written.allow('i-7');
    expect(findings(written.history())).toEqual(['ceiling-passed audit.v1/0@10']);
  });

  it('that allows without a hold is caught', () => {
    const written = writtenWell();
    const asked = written.ask('i-8');
    const cause = { topic: 'intents.v1', partition: 0, offset: asked };
    const free = { ...allowed('i-8'), held: [] } as ReturnType<typeof allowed>;
    written.publish('i-8', { offset: written.audit([proposed('i-8'), free], { cause }) });
    expect(findings(written.history())).toEqual(['hold-differs audit.v1/0@10']);
  });

  it('that gives back more than was held is caught', () => {
    const written = writtenWell();
    const cause = { topic: 'outcomes.v1', partition: 0, offset: 1 };
    written.settle('i-2', cause, { reserved: 2, spent: 1 });
    expect(findings(written.history())).toEqual(['settlement-differs audit.v1/0@10']);
  });

  it('that denies for want of a budget that has room is caught', () => {
    const written = new WrittenHistory();
    const asked = written.ask('i-1');
    const cause = { topic: 'intents.v1', partition: 0, offset: asked };
    const offset = written.audit([proposed('i-1'), denied('i-1', 'budget-exhausted')], { cause });
    written.publish('i-1', { offset, decision: 'deny', reason: 'budget-exhausted' });
    expect(findings(written.history())).toEqual(['denied-with-budget audit.v1/0@0']);
  });

  it('that publishes a decision without its audit record is caught', () => {
    const written = writtenWell();
    written.publish('i-9', { offset: 99 });
    expect(findings(written.history())).toEqual(['decision-without-record decisions.v1/0@6']);
  });

  it('that publishes a decision before its audit record is caught', () => {
    const { records, ...rest } = writtenWell().history();
    const decisions = records['decisions.v1'].map((record, index) =>
      index === 0 ? { ...record, timestampMs: 1 } : record,
    );
    const found = findings({ ...rest, records: { ...records, 'decisions.v1': decisions } });
    expect(found).toEqual(['decision-before-record decisions.v1/0@0']);
  });

  it('that publishes another decision than the audit has is caught', () => {
    const written = writtenWell();
    written.publish('i-6', { offset: 9 });
    expect(findings(written.history())).toEqual(['decision-differs decisions.v1/0@6']);
  });

  it('that never publishes a final decision is caught', () => {
    const { records, ...rest } = writtenWell().history();
    const decisions = records['decisions.v1'].slice(1);
    const found = findings({ ...rest, records: { ...records, 'decisions.v1': decisions } });
    expect(found).toEqual(['never-published audit.v1/0@1']);
  });

  it('with an intent that was never decided is caught at the intent', () => {
    const written = writtenWell();
    const offset = written.ask('forgotten');
    expect(findings(written.history())).toEqual([`input-lost intents.v1/0@${offset}`]);
  });

  it('with an input that was taken twice is caught', () => {
    const written = writtenWell();
    written.audit([], { cause: { topic: 'intents.v1', partition: 0, offset: 0 } });
    expect(findings(written.history())).toEqual(['input-taken-twice audit.v1/0@10']);
  });

  it('with a poison record that was decided is caught', () => {
    const written = writtenWell();
    written.poison.push(LATE_CAUSE);
    written.audit([], { cause: LATE_CAUSE });
    expect(findings(written.history())).toEqual(['poison-taken audit.v1/0@10']);
  });

  it('with a dead letter on what nobody poisoned is caught', () => {
    const written = writtenWell();
    written.poison.length = 0;
    expect(findings(written.history())).toEqual(['dead-letter-unexplained intents.v1/0@6']);
  });

  it('with an allow that was given while the log could not be written is caught', () => {
    const history = writtenWell().history();
    const outages = [{ fromMs: 0, untilMs: Number.POSITIVE_INFINITY }];
    expect(findings({ ...history, outages })[0]).toBe('failed-open audit.v1/0@1');
  });

  it('whose rebuilt state is another than the live one is caught', () => {
    const states = [{ partition: 0, liveHash: 'a', rebuiltHash: 'b' }];
    expect(findings({ ...writtenWell().history(), states })).toEqual(['state-differs partition 0']);
  });

  it('with a partition whose live state nobody compared is caught', () => {
    expect(findings({ ...writtenWell().history(), states: [] })).toEqual([
      'state-differs partition 0',
    ]);
  });
});
