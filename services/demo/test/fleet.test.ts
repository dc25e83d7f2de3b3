import { describe, expect, it } from 'vitest';
import { createNarrator, type Verdict } from '../src/domain/narrator.ts';
import { createRandom, pick } from '../src/domain/random.ts';
import { ROSTER, STRAY_AGENT } from '../src/domain/roster.ts';
import { seenBreaker } from '../src/domain/seen-breaker.ts';
import { FIRST_STEP, STORY_TASK, strayStep } from '../src/domain/story.ts';

const DENIED: Verdict = { decision: 'deny', reason: 'rate-limited', message: 'used up' };

describe('the fleet', () => {
  it('has thirteen agents of different names, and the stray one is among them', () => {
    const names = new Set(ROSTER.map((member) => member.agent));
    expect(names.size).toBe(13);
    expect(names.has(STRAY_AGENT)).toBe(true);
  });

  it('does the same work for the same seed', () => {
    const night = (seed: string) =>
      ROSTER.map((member) => {
        const random = createRandom(`${seed}/${member.agent}`);
        return Array.from({ length: 20 }, () => pick(random, member.tasks)(random));
      });
    expect(night('a')).toEqual(night('a'));
    expect(night('a')).not.toEqual(night('b'));
  });

  it('sends to nobody whom its users have not named', () => {
    for (const member of ROSTER) {
      const random = createRandom(member.agent);
      for (let count = 0; count < 50; count += 1) {
        const task = pick(random, member.tasks)(random);
        for (const step of task.steps) {
          const to = step.arguments['to'];
          if (typeof to === 'string') expect(task.userText).toContain(to);
        }
      }
    }
  });
});

describe('the story', () => {
  it('has the stray agent delete, invoice and pay, in part to an address from the note', () => {
    const random = createRandom('story');
    const steps = Array.from({ length: 10 }, (_unused, index) => strayStep(random, index));
    const note = JSON.stringify(FIRST_STEP.result);
    const planted = steps.filter(
      ({ arguments: { to } }) => typeof to === 'string' && note.includes(to),
    );
    expect(planted.map((step) => step.tool)).toEqual(['invoices.send', 'payments.send']);
    expect(steps.filter((step) => step.tool === 'crm.delete')).toHaveLength(5);
    expect(STORY_TASK).not.toContain('delete');
  });

  it('ends in a loop: the same call with the same result, over and over', () => {
    const random = createRandom('story');
    const steps = Array.from({ length: 16 }, (_unused, index) => strayStep(random, index));
    const [first, ...others] = steps.slice(10);
    expect(first?.tool).toBe('crm.search');
    expect(others).toEqual(others.map(() => first));
  });

  it('has no other agent do the same call again within a session', () => {
    for (const member of ROSTER) {
      const random = createRandom(member.agent);
      for (let count = 0; count < 200; count += 1) {
        const { steps } = pick(random, member.tasks)(random);
        const calls = steps.map((step) => JSON.stringify([step.tool, step.arguments]));
        expect(new Set(calls).size).toBe(calls.length);
      }
    }
  });
});

describe('a breaker, looked at', () => {
  it('is told with what was observed and what was expected', () => {
    const finding = { signal: 'loop', observed: 6, expected: { low: 0, high: 5 } };
    const breaker = { mode: 'open', opens: 2, explanation: 'six times the same' };
    expect(seenBreaker({ breaker, finding })).toEqual({
      isOpen: true,
      sentence: 'six times the same',
      summary: 'breaker open, for the 2nd time; loop: 6 observed, 0 to 5 expected',
    });
  });

  it.each([[undefined], [{}], [{ breaker: null, finding: null }]])('is closed in %o', (answer) => {
    expect(seenBreaker(answer)).toEqual({
      isOpen: false,
      sentence: null,
      summary: 'breaker closed',
    });
  });
});

describe('the narrator', () => {
  it('tells the first of a kind, says that there are more, then only counts', () => {
    const narrator = createNarrator();
    const step = strayStep(createRandom('narrator'), 0);
    const told = Array.from({ length: 6 }, () => narrator.tell(step, DENIED));
    expect(told.map((line) => line !== undefined)).toEqual([true, true, true, false, false, false]);
    expect(told[0]).toContain('ceiling');
    expect(told[2]).toContain('and so on');
    expect(narrator.sum()).toBe('0 let through, 0 waiting for a person, 6 refused');
  });
});
