import { describe, expect, it } from 'vitest';
import { isSharedIncident, noteOpening, QUIET_CLASS } from '../../src/domain/ladder/incident.ts';
import { START_MS } from './rig.ts';

/** Agents of one class that open, each so many ms after the start. */
function opened(agents: number, afterMs: readonly number[], agentOf = (n: number) => `agent-${n}`) {
  let watch = QUIET_CLASS;
  const incidents = afterMs.flatMap((ms, n) => {
    const opening = { agentId: agentOf(n), at: START_MS + ms };
    const noted = noteOpening(watch, opening, { name: 'support', agents });
    watch = noted.watch;
    return noted.incident ?? [];
  });
  return { incidents, watch };
}

const every = (stepMs: number, count: number) =>
  Array.from({ length: count }, (_, n) => n * stepMs);

describe('a class of agents', () => {
  it('has one incident when more than a tenth of it opens within a minute', () => {
    const { incidents, watch } = opened(60, every(1_000, 20));
    expect(incidents).toHaveLength(1);
    expect(incidents[0]?.agentIds).toHaveLength(7);
    expect(incidents[0]?.sentence).toMatch(
      /^7 of 60 agents of class support opened within a minute/,
    );
    expect(isSharedIncident(watch, START_MS + 30_000)).toBe(true);
    expect(isSharedIncident(watch, START_MS + 79_001)).toBe(false);
  });

  it('has none for fewer than five agents, however small it is', () => {
    expect(opened(6, every(1_000, 4)).incidents).toEqual([]);
    expect(opened(6, every(1_000, 5)).incidents).toHaveLength(1);
  });

  it('has none when they open one after the other', () => {
    expect(opened(20, every(20_000, 20)).incidents).toEqual([]);
  });

  it('has none because one agent opens again and again', () => {
    expect(opened(20, every(1_000, 20), () => 'agent-1').incidents).toEqual([]);
  });

  it('has another one when the first is over', () => {
    const twice = [...every(1_000, 8), ...every(1_000, 8).map((ms) => ms + 600_000)];
    expect(opened(40, twice).incidents).toHaveLength(2);
  });
});
