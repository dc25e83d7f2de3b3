/**
 * Random Cedar expressions as text: mostly of the type that is asked for, sometimes of another,
 * over small pools of names and values so that comparisons often hit.
 */
import {
  ATTRIBUTES,
  DATETIMES,
  DECIMALS,
  DURATIONS,
  ENTITIES,
  ENTITY_TYPES,
  LONGS,
  STRINGS,
} from './random-pools.ts';
import type { RandomSource } from './random-source.ts';

type Kind =
  | 'bool'
  | 'long'
  | 'string'
  | 'entity'
  | 'set'
  | 'record'
  | 'decimal'
  | 'datetime'
  | 'duration';

const KINDS: readonly Kind[] = [
  'bool',
  'long',
  'string',
  'entity',
  'set',
  'record',
  'decimal',
  'datetime',
  'duration',
];

const PATTERNS = [
  '*',
  'a*',
  '*c',
  'a*c',
  '*b*',
  'a\\*c',
  '**',
  '',
  'abc',
  '*X*X*',
  '*😀*',
  'a*b*c',
  'a*b*bc',
  'a*a*a',
];

/** Chance that a place gets an expression of any kind instead of the one it wants. */
const ILL_TYPED = 0.03;

export function randomExpression(random: RandomSource, kind: Kind, depth: number): string {
  const wanted = random.chance(ILL_TYPED) ? random.pick(KINDS) : kind;
  if (depth <= 0 || random.chance(0.12)) return leaf(random, wanted);
  const sub = (of: Kind): string => `(${randomExpression(random, of, depth - 1)})`;
  if (random.chance(0.08)) return `if ${sub('bool')} then ${sub(wanted)} else ${sub(wanted)}`;
  if (random.chance(0.06)) return access(random, depth);
  return COMPOUND[wanted](random, sub);
}

type Compound = (random: RandomSource, sub: (of: Kind) => string) => string;

const COMPOUND: Readonly<Record<Kind, Compound>> = {
  bool: booleanCompound,
  long: (random, sub) => {
    if (random.chance(0.15)) return `-${sub('long')}`;
    if (random.chance(0.15)) {
      const method = random.pick(['toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays']);
      return `${sub('duration')}.${method}()`;
    }
    return `${sub('long')} ${random.pick(['+', '-', '*'])} ${sub('long')}`;
  },
  string: (random) => leaf(random, 'string'),
  entity: (random) => leaf(random, 'entity'),
  set: (random, sub) => `[${random.listOf(4, () => sub(random.pick(KINDS))).join(', ')}]`,
  record: (random, sub) => {
    const names = new Set(random.listOf(3, () => random.pick(ATTRIBUTES)));
    const attributes = [...names].map((name) => `${quoted(name)}: ${sub(random.pick(KINDS))}`);
    return `{${attributes.join(', ')}}`;
  },
  decimal: (random) => leaf(random, 'decimal'),
  datetime: (random, sub) =>
    random.chance(0.5)
      ? `${sub('datetime')}.offset(${sub('duration')})`
      : `${sub('datetime')}.toDate()`,
  duration: (random, sub) =>
    random.chance(0.5)
      ? `${sub('datetime')}.durationSince(${sub('datetime')})`
      : `${sub('datetime')}.toTime()`,
};

function booleanCompound(random: RandomSource, sub: (of: Kind) => string): string {
  const same = random.pick(KINDS);
  const ordered = random.pick(['long', 'long', 'datetime', 'duration'] as const);
  const path = random.listOf(2, () => random.pick(['a', 'b', 'c', 'constructor']));
  switch (random.below(16)) {
    case 0:
    case 1:
      return `${sub('bool')} && ${sub('bool')}`;
    case 2:
      return `${sub('bool')} || ${sub('bool')}`;
    case 3:
      return `!${sub('bool')}`;
    case 4:
    case 5:
      return `${sub(same)} ${random.pick(['==', '!='])} ${sub(same)}`;
    case 6:
    case 7:
      return `${sub(ordered)} ${random.pick(['<', '<=', '>', '>='])} ${sub(ordered)}`;
    case 8:
      return `${sub('set')}.contains(${sub(same)})`;
    case 9:
      return `${sub('set')}.${random.pick(['containsAll', 'containsAny'])}(${sub('set')})`;
    case 10:
      return `${sub('set')}.isEmpty()`;
    case 11:
      return `${sub('string')} like ${quotedPattern(random.pick(PATTERNS))}`;
    case 12:
      return `${sub('entity')} in ${sub(random.pick(['entity', 'entity', 'set']))}`;
    case 13: {
      const within = random.chance(0.4) ? ` in ${sub(random.pick(['entity', 'set']))}` : '';
      return `${sub('entity')} is ${random.pick(ENTITY_TYPES)}${within}`;
    }
    case 14: {
      const left = random.chance(0.5) ? random.pick(VARIABLES) : sub('record');
      if (random.chance(0.5)) return `${left} has ${['a', ...path].join('.')}`;
      return `${left} has ${quoted(random.pick(ATTRIBUTES))}`;
    }
    default: {
      const compare = ['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'];
      return `${sub('decimal')}.${random.pick(compare)}(${sub('decimal')})`;
    }
  }
}

const VARIABLES = ['principal', 'action', 'resource', 'context'] as const;

/** An attribute of a variable, of an attribute, or of anything at all. */
function access(random: RandomSource, depth: number): string {
  const name = random.chance(0.7) ? random.pick(['a', 'b', 'c', 'd']) : random.pick(ATTRIBUTES);
  const left = random.chance(0.8)
    ? random.pick(['context', 'context', 'principal', 'resource', 'action'])
    : `(${randomExpression(random, 'record', depth - 1)})`;
  return `${left}[${quoted(name)}]`;
}

function leaf(random: RandomSource, kind: Kind): string {
  if (random.chance(0.12)) return access(random, 0).replace(/^\(.*\)\[/, 'context[');
  switch (kind) {
    case 'bool':
      return random.pick(['true', 'false']);
    case 'long':
      return random.pick(LONGS);
    case 'string':
      return quoted(random.pick(STRINGS));
    case 'entity':
      return random.chance(0.4) ? random.pick(VARIABLES) : random.pick(ENTITIES);
    case 'set':
      return `[${random.listOf(4, () => leaf(random, random.pick(KINDS))).join(', ')}]`;
    case 'record':
      return random.chance(0.5) ? 'context' : `{a: ${leaf(random, random.pick(KINDS))}}`;
    case 'decimal':
      return `decimal(${quoted(random.pick(DECIMALS))})`;
    case 'datetime':
      return `datetime(${quoted(random.pick(DATETIMES))})`;
    case 'duration':
      return `duration(${quoted(random.pick(DURATIONS))})`;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** `\*` is an escape of patterns that JSON does not know. */
function quotedPattern(pattern: string): string {
  return `"${pattern}"`;
}
