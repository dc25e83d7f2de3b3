import { createSchedule, scheduleExpiry } from '@estop/policy/domain/schedule';
import type { AgentId } from '@estop/schemas/ids';
import { beforeEach, describe, expect, it } from 'vitest';
import { Expiries } from '../../src/process/expiries.ts';

const AGENTS = 1_000;
const DUE_MS = 5_000;
const agentOf = (number: number): AgentId => `agent-${number}` as AgentId;

describe('what runs out in a partition', () => {
  let schedule = createSchedule();
  let expired: AgentId[] = [];
  let expiries = new Expiries(schedule, () => false);

  beforeEach(() => {
    schedule = createSchedule();
    for (let number = 0; number < AGENTS; number += 1) {
      scheduleExpiry(schedule, agentOf(number), DUE_MS);
    }
    expired = [];
    expiries = new Expiries(schedule, (agentId) => {
      expired.push(agentId);
      return false;
    });
  });

  function tick(nowMs: number, inputs: number): void {
    for (const agentId of expiries.due(nowMs, inputs)) expiries.expire(agentId);
  }

  it('leaves everybody alone until something is due', () => {
    tick(DUE_MS - 1, 0);
    expect(expired).toEqual([]);
    expect(expiries.isBehind).toBe(false);
  });

  it('takes few agents with a turn that decides little, and says that there are more', () => {
    tick(DUE_MS, 1);
    expect(expired.length).toBeGreaterThan(0);
    expect(expired.length).toBeLessThan(50);
    expect(expiries.isBehind).toBe(true);
  });

  it('keeps up with as many agents as a turn decides inputs', () => {
    tick(DUE_MS, 400);
    expect(expired).toHaveLength(400);
  });

  it('comes to everybody once, and is behind no more', () => {
    for (let turn = 0; turn === 0 || expiries.isBehind; turn += 1) tick(DUE_MS, 0);
    expect(new Set(expired).size).toBe(AGENTS);
    expect(expired).toHaveLength(AGENTS);
  });

  it('comes at once to an agent that asks while others still wait', () => {
    tick(DUE_MS, 0);
    const last = agentOf(AGENTS - 1);
    expect(expired).not.toContain(last);
    expiries.before(last);
    expect(expired).toContain(last);
  });

  it('spares an agent the question while nobody waits', () => {
    tick(DUE_MS - 1, 0);
    expiries.before(agentOf(0));
    expect(expired).toEqual([]);
  });

  it('records all of an agent, however many records that takes', () => {
    let left = 3;
    const some = new Expiries(schedule, () => {
      left -= 1;
      return left > 0;
    });
    for (const agentId of some.due(DUE_MS, 1)) some.expire(agentId);
    expect(left).toBeLessThanOrEqual(0);
  });
});
