import { describe, expect, it } from 'vitest';
import { EventLines } from '../src/control/event-lines.ts';
import { AgentBreaker } from '../src/domain/agent-breaker.ts';
import { readBreakerWord } from '../src/domain/breaker-word.ts';
import { HaltTable } from '../src/domain/halt-table.ts';
import { type HaltWord, readHaltWord } from '../src/domain/halt-word.ts';
import { Lease } from '../src/domain/lease.ts';
import { flawOf, type PermitClaims } from '../src/domain/permit.ts';
import { ReadCache } from '../src/domain/read-cache.ts';

const BOT = { agentId: 'bot', groups: ['finance'], tool: 'crm.delete' };

function word(fields: Readonly<Record<string, unknown>>): HaltWord {
  const read = readHaltWord({
    id: 'h-1',
    mode: 'kill',
    epoch: 1,
    scope: { agent: 'bot' },
    ...fields,
  });
  if (read === undefined) throw new Error('it is no halt');
  return read;
}

describe('a lease', () => {
  it('runs from before its renewal was sent', () => {
    const lease = new Lease();
    lease.renew(1_000, 3_000);
    expect(lease.isHeld(3_999)).toBe(true);
    expect(lease.isHeld(4_000)).toBe(false);
  });

  it('is not shortened by answers that overtake each other, nor lengthened by none', () => {
    const lease = new Lease();
    lease.renew(2_000, 3_000);
    lease.renew(1_000, 3_000);
    lease.renew(4_000, 0);
    expect(lease.isHeld(4_999)).toBe(true);
    expect(lease.isHeld(5_000)).toBe(false);
  });
});

describe('a word on a scope', () => {
  it('is read as a kill of the fleet when this version does not know its mode or scope', () => {
    expect(word({ mode: 'freeze', scope: { region: 'eu' } })).toMatchObject({
      mode: 'kill',
      scope: { fleet: true },
    });
  });

  it.each([[null], [{}], [{ id: 'h', epoch: 1, scope: {} }], [{ id: 'h', scope: { agent: 'a' } }]])(
    'is none when it names nobody or has no epoch: %j',
    (value) => {
      expect(readHaltWord(value)).toBeUndefined();
    },
  );
});

describe('the halts that a door knows', () => {
  it.each([
    [{ fleet: true }, true],
    [{ group: 'finance' }, true],
    [{ group: 'sales' }, false],
    [{ agent: 'bot' }, true],
    [{ agent: 'bot', tool: 'crm.read' }, false],
    [{ tool: 'crm.delete' }, true],
  ])('cover a call by their scope %j: %s', (scope, isCovered) => {
    const table = new HaltTable();
    table.take(word({ scope }));
    expect(table.covering(BOT, 0) !== undefined).toBe(isCovered);
  });

  it('cover whoever may be in a halted group while the groups are not known', () => {
    const table = new HaltTable();
    table.take(word({ scope: { group: 'sales' } }));
    expect(table.covering({ ...BOT, groups: null }, 0)).toBeDefined();
  });

  it('take words in any order and any number, and keep the newest', () => {
    const table = new HaltTable();
    const lifted = word({ epoch: 2, id: 'h-2', lifted: true });
    expect(table.take(lifted)).toBe(true);
    expect(table.take(word({ epoch: 1 }))).toBe(false);
    expect(table.take(lifted)).toBe(false);
    expect(table.covering(BOT, 0)).toBeUndefined();
  });

  it('end with their time', () => {
    const table = new HaltTable();
    table.take(word({ until: 100 }));
    expect(table.covering(BOT, 99)).toBeDefined();
    expect(table.covering(BOT, 100)).toBeUndefined();
  });

  it('void permits that were given before a halt, also when it is lifted by now', () => {
    const table = new HaltTable();
    table.take(word({ epoch: 7, lifted: true }));
    expect(table.voiding({}, BOT, 0)).toBeDefined();
    expect(table.voiding({ 'agent:bot': 6 }, BOT, 0)).toBeDefined();
    expect(table.voiding({ 'agent:bot': 7 }, BOT, 0)).toBeUndefined();
  });

  it('void a permit of another scope never', () => {
    const table = new HaltTable();
    table.take(word({ epoch: 7, scope: { agent: 'other' } }));
    expect(table.voiding({}, BOT, 0)).toBeUndefined();
  });

  it('let permits be used that were given before a drain', () => {
    const table = new HaltTable();
    table.take(word({ epoch: 7, mode: 'drain' }));
    expect(table.voiding({}, BOT, 0)).toBeUndefined();
    expect(table.covering(BOT, 0)).toBeDefined();
  });

  it('void permits from before a kill also when a drain has come after it', () => {
    const table = new HaltTable();
    table.take(word({ epoch: 5, lifted: true }));
    table.take(word({ epoch: 6, id: 'h-2', mode: 'drain' }));
    expect(table.voiding({ 'agent:bot': 4 }, BOT, 0)).toBeDefined();
    expect(table.voiding({ 'agent:bot': 5 }, BOT, 0)).toBeUndefined();
  });

  it('void even a permit that knows of the halt while it is in force', () => {
    const table = new HaltTable();
    table.take(word({ epoch: 7, mode: 'pause' }));
    expect(table.voiding({ 'agent:bot': 7 }, BOT, 0)).toBeDefined();
  });
});

describe('the breaker that a door knows', () => {
  function heard(...words: readonly Readonly<Record<string, unknown>>[]): AgentBreaker {
    const breaker = new AgentBreaker();
    for (const word of words) {
      const read = readBreakerWord(word);
      if (read !== undefined) breaker.hear(read);
    }
    return breaker;
  }
  const write = (decidedAt: number) => ({ tier: 'write', decidedAt }) as const;
  const OPEN = { mode: 'open', since: 100, held: true };

  it('stays open when an older word says that it is closed', () => {
    const breaker = heard(OPEN, { mode: 'closed', since: 99, held: false });
    expect(breaker.isOpen).toBe(true);
    expect(breaker.voids(write(99))).toBe(true);
  });

  it('stays open when a word of the same moment, or of none, says that it is closed', () => {
    expect(heard(OPEN, { mode: 'closed', since: 100, held: false }).isOpen).toBe(true);
    expect(heard(OPEN, { mode: 'closed', since: null, held: false }).isOpen).toBe(true);
  });

  it('voids every permit when it opened nobody knows when, until a newer word', () => {
    const closed = { mode: 'closed', since: 50, held: false };
    const open = { mode: 'open' };
    expect(heard(closed, open).voids(write(1e15))).toBe(true);
    expect(heard(closed, open, closed).voids(write(1e15))).toBe(true);
    expect(heard(closed, open, { ...closed, since: 51 }).voids(write(60))).toBe(false);
  });

  it('is open when this version does not know its mode', () => {
    expect(heard({ mode: 'ajar', since: 100 }).isOpen).toBe(true);
  });

  it.each([
    ['open', 'write', 100, true],
    ['open', 'read', 101, false],
    ['half-open', 'read', 99, true],
    ['half-open', 'read', 100, false],
    ['closed', 'write', 99, true],
    ['closed', 'destructive', 99, true],
    ['closed', 'read', 99, false],
    ['closed', 'write', 100, false],
    ['step-up', 'financial', 99, true],
  ] as const)(
    '%s since 100 after it was open, takes a %s of %i for void: %s',
    (mode, tier, decidedAt, isVoid) => {
      expect(heard({ mode, since: 100, held: true }).voids({ tier, decidedAt })).toBe(isVoid);
    },
  );

  it('voids nothing once a person has re-armed it', () => {
    expect(heard(OPEN, { mode: 'closed', since: 200, held: false }).voids(write(99))).toBe(false);
  });
});

describe('a permit', () => {
  const claims: PermitClaims = {
    ...{ sub: 'bot', aud: 'door', jti: 'bot i-1', iat: 1, exp: 6, intent: 'i-1', tool: 't' },
    ...{ tier: 'write', digest: 'sha256:1', groups: [], epochs: {}, spendUntil: 60_000 },
    decidedAt: 1_000,
    record: { partition: 0, offset: 0 },
  };
  const use = { agentId: 'bot', tool: 't', digest: 'sha256:1', point: 'door', nowMs: 5_999 };

  it('is good for exactly one call at one door until it expires', () => {
    expect(flawOf(claims, use)).toBeNull();
  });

  it.each([
    ['audience', { point: 'other' }],
    ['agent', { agentId: 'other' }],
    ['tool', { tool: 'other' }],
    ['arguments', { digest: 'sha256:2' }],
    ['expired', { nowMs: 6_000 }],
  ])('says that its %s does not hold', (flaw, other) => {
    expect(flawOf(claims, { ...use, ...other })).toBe(flaw);
  });
});

describe('the cache of reads', () => {
  it('forgets the oldest beyond its bound, and each when its time is over', () => {
    const reads = new ReadCache();
    for (let index = 0; index <= 10_000; index += 1) reads.keep(`r${index}`, 100);
    expect(reads.has('r0', 0)).toBe(false);
    expect(reads.has('r1', 99)).toBe(true);
    expect(reads.has('r1', 100)).toBe(false);
  });
});

describe('a stream of events', () => {
  it('is read alike however it is cut', () => {
    const text = 'event: hello\ndata: {"a":1}\n\nevent: halt\ndata: {"b":2}\n\n';
    for (let cut = 0; cut <= text.length; cut += 1) {
      const lines = new EventLines();
      const events = [...lines.push(text.slice(0, cut)), ...lines.push(text.slice(cut))];
      expect(events).toEqual([
        { event: 'hello', data: '{"a":1}' },
        { event: 'halt', data: '{"b":2}' },
      ]);
    }
  });
});
