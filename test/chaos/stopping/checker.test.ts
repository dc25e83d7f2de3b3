/** A checker that cannot fail proves nothing: each rule is shown a history that breaks it. */
import type { AuditRecordEvent } from '@estop/schemas/messages';
import { describe, expect, it } from 'vitest';
import { AGENT, started, WrittenHistory } from '../checker/written-history.ts';
import { checkStopping, type Execution, type SaidHalt, type StoppingHistory } from './checker.ts';

const TOOL = 'crm.update';
const ACCEPTED_MS = 10_000;
const LIFTED_MS = 20_000;

const HALT: SaidHalt = {
  haltId: 'h-1',
  scope: { fleet: true },
  mode: 'kill',
  askedMs: ACCEPTED_MS,
  acceptedMs: ACCEPTED_MS,
  liftedMs: LIFTED_MS,
  confirmedAfterMs: new Map(),
};

function executed(intentId: string, atMs: number, tool = TOOL): Execution {
  return { agent: AGENT, intentId, tool, atMs };
}

const BEFORE = executed('i-1', 9_500);
const WITHIN_LEASE = executed('i-2', 12_900);
const AFTERWARDS = executed('i-3', 21_000);

/** Two calls are allowed, a halt comes and goes, one more is allowed. */
function history({
  executions = [BEFORE, WITHIN_LEASE, AFTERWARDS],
  halt = HALT,
  isRecorded = true,
}: {
  readonly executions?: readonly Execution[];
  readonly halt?: SaidHalt;
  readonly isRecorded?: boolean;
} = {}): StoppingHistory {
  const written = new WrittenHistory();
  written.audit([started('w1')]);
  written.allow('i-1');
  written.allow('i-2');
  const about = { scope: { fleet: true, group: null, agent: null, tool: null }, mode: halt.mode };
  const rest = { epoch: 1, by: 'dana', reason: null, until: null, lifted: false };
  const event = { type: 'HaltApplied', halt: { haltId: 'h-1', ...about, ...rest } };
  if (isRecorded) written.audit([event as AuditRecordEvent]);
  written.allow('i-3');
  return {
    audit: written.records['audit.v1'],
    executions,
    halts: [halt],
    groupByAgent: new Map([[AGENT, 'north']]),
    permitMs: { [TOOL]: 5_000 },
    wallAheadMs: 0,
  };
}

function rules(doctored: StoppingHistory): readonly string[] {
  return checkStopping(doctored).violations.map(({ rule, place }) => `${rule} ${place}`);
}

const OF_I_2 = `${AGENT} i-2`;

describe('the checker of stopping', () => {
  it('accepts calls before a halt, within its lease and after its end, and counts them', () => {
    expect(checkStopping(history())).toEqual({
      violations: [],
      executions: 3,
      runs: 1,
      runsAtWork: 1,
      confirmations: 0,
      executedWithinLease: 1,
    });
  });

  it('accepts what a drain lets end, until its permit is over', () => {
    const executions = [BEFORE, executed('i-2', 14_900)];
    expect(rules(history({ executions, halt: { ...HALT, mode: 'drain' } }))).toEqual([]);
  });

  it('accepts calls of whom the halt does not cover', () => {
    const executions = [BEFORE, executed('i-2', 15_000)];
    for (const scope of [{ group: 'south' }, { agent: 'agent-2' }, { tool: 'db.drop' }]) {
      expect(rules(history({ executions, halt: { ...HALT, scope } }))).toEqual([]);
    }
  });

  it('takes a stamp that is an hour off for no order at all', () => {
    expect(rules({ ...history({ executions: [BEFORE] }), wallAheadMs: -3_600_000 })).toEqual([]);
  });
});

describe('a doctored history', () => {
  it('with a call that no record allows is caught', () => {
    const executions = [BEFORE, executed('i-9', 9_600)];
    expect(rules(history({ executions }))).toEqual([`executed-unallowed ${AGENT} i-9`]);
  });

  it('with a call that was executed twice is caught', () => {
    expect(rules(history({ executions: [BEFORE, BEFORE] }))).toEqual([
      `executed-twice ${AGENT} i-1`,
    ]);
  });

  it('with a call of another tool than was allowed is caught', () => {
    const executions = [executed('i-1', 9_500, 'db.drop')];
    expect(rules(history({ executions }))).toEqual([`executed-other ${AGENT} i-1`]);
  });

  it('with a call before its record is caught', () => {
    const executions = [executed('i-1', 900)];
    expect(rules(history({ executions }))).toEqual([`executed-before-record ${AGENT} i-1`]);
  });

  it('without a record in the middle is caught', () => {
    const whole = history();
    const audit = whole.audit.filter(({ offset }) => offset !== 2);
    expect(rules({ ...whole, audit })).toContain('log-gap audit.v1/0@3');
  });

  it.each(['pause', 'kill'] as const)('with a call after the lease is caught, at a %s', (mode) => {
    const executions = [BEFORE, executed('i-2', ACCEPTED_MS + 3_001)];
    const found = rules(history({ executions, halt: { ...HALT, mode } }));
    expect(found).toEqual([`executed-after-lease ${OF_I_2}`]);
  });

  it('with a call at a point that had confirmed is caught', () => {
    const executions = [BEFORE, executed('i-2', ACCEPTED_MS + 50)];
    const halt = { ...HALT, confirmedAfterMs: new Map([[AGENT, 40]]) };
    expect(rules(history({ executions, halt }))).toEqual([`executed-after-confirming ${OF_I_2}`]);
  });

  it('with a permit from before the halt that was used after its end is caught', () => {
    const executions = [BEFORE, executed('i-2', LIFTED_MS + 500)];
    expect(rules(history({ executions }))).toEqual([`executed-void-permit ${OF_I_2}`]);
  });

  it('with a drain that lets a new call begin is caught', () => {
    const executions = [BEFORE, executed('i-3', 12_000)];
    const found = rules(history({ executions, halt: { ...HALT, mode: 'drain' } }));
    expect(found).toEqual([`drained-what-was-not-permitted ${AGENT} i-3`]);
  });

  it('with a drain that outlives its permits is caught', () => {
    const executions = [BEFORE, executed('i-2', ACCEPTED_MS + 5_001)];
    const found = rules(history({ executions, halt: { ...HALT, mode: 'drain' } }));
    expect(found).toEqual([`drained-beyond-permit ${OF_I_2}`]);
  });

  it('without an accepted halt in the log is caught', () => {
    const executions = [BEFORE, AFTERWARDS];
    expect(rules(history({ executions, isRecorded: false }))).toEqual([
      `halt-not-recorded ${AGENT}`,
    ]);
  });
});
