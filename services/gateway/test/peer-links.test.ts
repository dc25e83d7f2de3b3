import { MemoryLog } from '@estop/log/memory-log';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { HaltId, ToolName } from '@estop/schemas/ids';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../src/config.ts';
import { PEER_WORDS_MAX, PeerLinks } from '../src/peers/peer-links.ts';
import { PeerProof } from '../src/peers/peer-proof.ts';
import { FleetState } from '../src/read-models/fleet-state.ts';
import { HaltBook, type KnownHalt } from '../src/read-models/halt-book.ts';

const ROUND_MS = 1_000;

let book: HaltBook;
let links: PeerLinks;
let isAway: boolean;
let silentMs: number;
/** Settles a request of the test's choice later than the others. */
let hold: ((body: string) => Promise<void> | undefined) | null;
let bodies: string[];
let warned: readonly string[];

beforeEach(() => {
  vi.useFakeTimers();
  const { logger, lines } = createMemoryLogger();
  warned = lines;
  const clock = { nowMs: () => 1_000, monotonicMs: () => 1_000 };
  const checkFleet = () => Promise.reject(new Error('no fleet here'));
  book = new HaltBook(clock, new FleetState({ log: new MemoryLog(), logger, checkFleet }));
  isAway = false;
  silentMs = 0;
  hold = null;
  bodies = [];
  links = new PeerLinks({
    ...{ clock, logger, book, urls: ['http://far'], silentMs: () => silentMs },
    proof: new PeerProof(Buffer.from('a link key that both gateways of a deployment have')),
    fetch: async (_, init) => {
      const body = String(init?.body);
      await hold?.(body);
      if (isAway) throw new Error('cut by the test');
      // What the route of a real peer refuses.
      if (Buffer.byteLength(body) > LIMITS.bodyBytes) return new Response(null, { status: 413 });
      bodies.push(body);
      return new Response(null, { status: 204 });
    },
  });
  links.start();
});

afterEach(() => {
  links.close();
  vi.useRealTimers();
});

function say(number: number, reason: string | null = null): KnownHalt {
  const tool = `crm.tool-${number}` as ToolName;
  const scope = { fleet: false, group: null, agent: null, tool };
  const about = { mode: 'kill', by: 'olga@example.com', reason, until: null } as const;
  const halt = {
    haltId: `h-${number}` as HaltId,
    scope,
    epoch: number,
    lifted: false,
    killers: [],
    ...about,
  };
  book.take(halt, 1_000);
  return { halt, at: 1_000 };
}

function heard(): ReadonlySet<string> {
  const words = bodies.flatMap((body) => JSON.parse(body).halts as { readonly id: string }[]);
  return new Set(words.map(({ id }) => id));
}

describe('a peer that missed words', () => {
  it('hears all that are in force, however many they are', async () => {
    const count = 2 * PEER_WORDS_MAX + 1;
    for (let number = 1; number <= count; number += 1) say(number);
    silentMs = 10_000;
    await vi.advanceTimersByTimeAsync(ROUND_MS);
    expect(heard().size).toBe(count);
    for (const body of bodies) {
      expect(JSON.parse(body).halts.length).toBeLessThanOrEqual(PEER_WORDS_MAX);
    }
  });

  it('hears all that are in force, however long their reasons are', async () => {
    for (let number = 1; number <= 200; number += 1) say(number, 'é'.repeat(4_096));
    silentMs = 10_000;
    await vi.advanceTimersByTimeAsync(ROUND_MS);
    expect(heard().size).toBe(200);
  });

  it('hears a word that it missed while it was told of the others', async () => {
    say(1);
    isAway = true;
    links.tell(say(2));
    await vi.advanceTimersByTimeAsync(0);
    isAway = false;
    let release: () => void = () => undefined;
    hold = () => new Promise((resolve) => (release = resolve));
    await vi.advanceTimersByTimeAsync(ROUND_MS);
    // The round is under way without this word, which fails.
    const finishRound = release;
    hold = null;
    isAway = true;
    links.tell(say(3));
    await vi.advanceTimersByTimeAsync(0);
    isAway = false;
    finishRound();
    await vi.advanceTimersByTimeAsync(2 * ROUND_MS);
    expect(heard()).toEqual(new Set(['h-1', 'h-2', 'h-3']));
  });

  it('is warned of once while it stays away', async () => {
    isAway = true;
    links.tell(say(1));
    await vi.advanceTimersByTimeAsync(5 * ROUND_MS);
    expect(warned.filter((line) => line.includes('peer not told'))).toHaveLength(1);
  });
});
