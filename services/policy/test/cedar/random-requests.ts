/** Random requests over the same names and values as the random expressions. */
import { parseDecimal } from '../../src/domain/cedar/decimals.ts';
import type { CompileOptions } from '../../src/domain/cedar/policy-set.ts';
import { type CedarRequest, isEntityIn } from '../../src/domain/cedar/request.ts';
import { parseDatetime, parseDuration } from '../../src/domain/cedar/times.ts';
import {
  type CedarEntity,
  type CedarRecord,
  type CedarValue,
  EntityUid,
} from '../../src/domain/cedar/values.ts';
import {
  ATTRIBUTES,
  DATETIMES,
  DECIMALS,
  DURATIONS,
  ENTITIES,
  LONGS,
  STRINGS,
} from './random-pools.ts';
import type { RandomSource } from './random-source.ts';

export const FUZZ_OPTIONS: CompileOptions = {
  actionGroups: new Map([
    ['x0', ['kind']],
    ['x1', []],
  ]),
  unknownActionGroups: ['kind'],
};

export function randomRequest(random: RandomSource): CedarRequest {
  const principal = randomEntity(random, random.pick(['Agent::"a0"', 'Agent::"a1"']));
  const resource = randomEntity(
    random,
    random.pick(['Tool::"t0"', 'N::Tool::"t0"', 'Group::"g0"']),
  );
  return {
    principal: withAllAncestors(principal, resource),
    action: random.pick(['x0', 'x0', 'x1', 'x9']),
    resource,
    context: randomRecord(random, { depth: 2, present: 0.8 }),
  };
}

/** Parents are all ancestors: where the resource is one, its own are too. */
function withAllAncestors(principal: CedarEntity, resource: CedarEntity): CedarEntity {
  const parents = principal.parents;
  if (parents === undefined || !isEntityIn(principal, resource.uid)) return principal;
  return { ...principal, parents: [...parents, ...(resource.parents ?? [])] };
}

function randomEntity(random: RandomSource, uid: string): CedarEntity {
  const parents = ['Group::"g0"', 'Group::"g1"', 'Tool::"t0"'].filter(() => random.chance(0.4));
  return {
    uid: entityUid(uid),
    ...(random.chance(0.5) ? { parents: parents.filter((p) => p !== uid).map(entityUid) } : {}),
    ...(random.chance(0.6) ? { attributes: randomRecord(random, { depth: 2, present: 0.7 }) } : {}),
  };
}

function randomRecord(
  random: RandomSource,
  { depth, present }: { readonly depth: number; readonly present: number },
): CedarRecord {
  const names = ATTRIBUTES.filter((_, position) => random.chance(position < 4 ? present : 0.15));
  const entries = names.map((name): [string, CedarValue | undefined] => [
    name,
    random.chance(0.05) ? undefined : randomValue(random, depth),
  ]);
  return Object.fromEntries(entries);
}

function randomValue(random: RandomSource, depth: number): CedarValue {
  switch (random.below(depth > 0 ? 11 : 8)) {
    case 0:
      return random.chance(0.5);
    case 1:
    case 2:
      return random.pick(SAFE_LONGS);
    case 3:
      return random.pick(STRINGS);
    case 4:
      return entityUid(random.pick(ENTITIES));
    case 5:
      return parseDecimal(random.pick(DECIMALS)) ?? true;
    case 6:
      return parseDatetime(random.pick(DATETIMES)) ?? false;
    case 7:
      return parseDuration(random.pick(DURATIONS)) ?? 1;
    case 8:
    case 9:
      return random.listOf(4, () => randomValue(random, depth - 1));
    default:
      return randomRecord(random, { depth: depth - 1, present: 0.5 });
  }
}

/** JSON carries no others to cedar-wasm. */
const SAFE_LONGS = LONGS.map(Number).filter(Number.isSafeInteger);

function entityUid(text: string): EntityUid {
  const separator = text.lastIndexOf('::');
  return new EntityUid(text.slice(0, separator), JSON.parse(text.slice(separator + 2)));
}
