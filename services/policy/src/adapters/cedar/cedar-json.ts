/** Requests in the JSON form cedar-wasm reads. */
import type { CedarValueJson, Context, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import { decimalText } from '../../domain/cedar/decimals.ts';
import {
  attributeNames,
  type CedarEntity,
  type CedarRecord,
  type CedarValue,
  checkedValue,
  DatetimeValue,
  DecimalValue,
  DurationValue,
  EntityUid,
  EvaluationFailure,
  elementsOf,
  isSet,
} from '../../domain/cedar/values.ts';

/** Keys by which JSON would turn untrusted data into entities or extension values. */
const ESCAPES: ReadonlySet<string> = new Set(['__entity', '__extn', '__expr']);

/** cedar-wasm itself gives up a little above this. */
const JSON_DEPTH_MAX = 100;

export function jsonOfEntity({ uid, parents, attributes }: CedarEntity): EntityJson {
  return {
    uid: { ...uid },
    attrs: jsonOfRecord(attributes ?? {}),
    parents: (parents ?? []).map((parent) => ({ ...parent })),
  };
}

/** Reads every attribute, getters included. Fails on what JSON cannot carry exactly. */
export function jsonOfRecord(record: CedarRecord, depth = 0): Context {
  return Object.fromEntries(
    attributeNames(record).map((name) => {
      if (ESCAPES.has(name)) throw new EvaluationFailure(`the attribute \`${name}\` is reserved`);
      return [name, jsonOfValue(checkedValue(record[name]), depth + 1)];
    }),
  );
}

function jsonOfValue(value: CedarValue, depth: number): CedarValueJson {
  if (depth > JSON_DEPTH_MAX) throw new EvaluationFailure('the value is nested too deeply');
  if (typeof value === 'bigint') {
    throw new EvaluationFailure(`\`${value}\` is too large for an evaluation by cedar-wasm`);
  }
  if (typeof value !== 'object') return value;
  if (value instanceof EntityUid) return { __entity: { type: value.type, id: value.id } };
  if (value instanceof DecimalValue) return extension('decimal', decimalText(value));
  if (value instanceof DurationValue) return extension('duration', `${value.durationMs}ms`);
  if (value instanceof DatetimeValue) {
    const args = [extension('datetime', '1970-01-01'), extension('duration', `${value.epochMs}ms`)];
    return { __extn: { fn: 'offset', args } };
  }
  if (isSet(value)) {
    return elementsOf(value).map((element) => jsonOfValue(checkedValue(element), depth + 1));
  }
  return jsonOfRecord(value, depth);
}

function extension(fn: string, arg: string): CedarValueJson {
  return { __extn: { fn, arg } };
}
