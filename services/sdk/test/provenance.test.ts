import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LABELS_MAX, labelArguments, NOTHING_SEEN, type Seen } from '../src/domain/provenance.ts';
import {
  EMPTY_MEMORY,
  holds,
  remember,
  type TextMemory,
  textOf,
} from '../src/domain/text-memory.ts';

function seeing(user: string, tool = ''): Seen {
  return { user: remember(EMPTY_MEMORY, user), tool: remember(EMPTY_MEMORY, tool) };
}

describe('labels', () => {
  it.each([
    ['the user wrote it', 'bob@example.com', 'mail Bob@Example.com please', '', 'user'],
    ['both have it', 'bob@example.com', 'mail bob@example.com', 'bob@example.com', 'user'],
    ['only a tool returned it', 'eve@evil.example', 'pay him', 'to: eve@evil.example', 'tool'],
    ['nobody said it', 'zed@example.com', 'pay him', 'nothing here', 'model'],
    ['it is a part of another word', 'evil.example.co', 'see evil.example.com', '', 'model'],
    ['the user wrote a longer number', 20, 'pay 1205 or 120', '', 'model'],
    ['the user grouped the digits', 1250000, 'pay 1,250,000 now', '', 'user'],
    ['the user wrote cents that are zero', 30, 'pay 30.00', '', 'user'],
    ['the user wrote other cents', 30, 'pay 30.50', '', 'model'],
    ['the number is the fraction of another', 5, 'pay 30.5', '', 'model'],
    ['it is prose', 'word '.repeat(40), 'word '.repeat(40), '', 'model'],
    ['it is empty', '', 'anything', 'anything', 'model'],
    ['it is a truth value', true, 'true', 'true', 'model'],
    ['the tool breaks the line inside it', 'a b', '', 'a\n  b', 'tool'],
  ])('when %s', (_name, value, user, tool, source) => {
    expect(labelArguments({ v: value }, seeing(user, tool))).toEqual({ '/v': source });
  });

  it('name nested values with RFC 6901 pointers', () => {
    const labels = labelArguments({ 'a/b': [{ 'c~d': 'x9' }] }, seeing('x9'));
    expect(labels).toEqual({ '/a~1b/0/c~0d': 'user' });
  });

  it('call a value found nowhere a tool value once tool output was forgotten', () => {
    const tool = remember(EMPTY_MEMORY, 'long text of a tool', 5);
    expect(labelArguments({ v: 'zz' }, { ...NOTHING_SEEN, tool })).toEqual({ '/v': 'tool' });
  });

  it('of too many values are one label for the argument that holds them', () => {
    const many = Array.from({ length: LABELS_MAX + 5 }, (_unused, index) => `v${index}`);
    const labels = labelArguments({ few: 'a', many }, seeing('nothing'));
    expect(labels['/many']).toBe('tool');
    expect(Object.keys(labels).length).toBeLessThanOrEqual(LABELS_MAX + 1);
  });
});

describe('the memory of texts', () => {
  it('stays within its bound and holds the newest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 40 })),
        fc.integer({ min: 1, max: 60 }),
        (texts, max) => {
          let memory: TextMemory = EMPTY_MEMORY;
          for (const text of texts) memory = remember(memory, text, max);
          const kept = memory.texts.reduce((sum, text) => sum + text.length, 0);
          expect(kept).toBe(memory.chars);
          expect(kept).toBeLessThanOrEqual(max);
        },
      ),
    );
  });

  it('holds every string and number that a tool result is made of', () => {
    const word = fc.stringMatching(/^[a-z]{3,12}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
        const nested = words.reduce<unknown>(
          (inner, text) => ({ [`k${text}`]: [text, inner] }),
          42,
        );
        const memory = remember(EMPTY_MEMORY, textOf(nested));
        for (const text of [...words, '42']) expect(holds(memory, text)).toBe(true);
      }),
    );
  });

  it('reads results that hold themselves', () => {
    const twice: unknown[] = [];
    twice.push(twice, twice);
    const loop: Record<string, unknown> = { name: 'inner-name', twice };
    loop['self'] = loop;
    expect(textOf(loop)).toContain('inner-name');
  });
});
