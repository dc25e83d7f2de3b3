/**
 * Reading Cedar's JSON policy format (EST) without trusting its shape: whatever is not exactly
 * what the compiler knows is reported as outside the compiled subset, never guessed at.
 */
import { EntityUid } from './values.ts';

/** One policy as the checker hands it over. `est` is what cedar-wasm's `policyToJson` gives. */
export interface EstPolicy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly annotations: Readonly<Record<string, string>>;
  /** Longs beyond 2^53 must be bigints here: as numbers they have lost digits and are refused. */
  readonly est: unknown;
}

/** A construct this compiler does not translate; the policy is left to cedar-wasm. */
export class OutsideSubset extends Error {
  override readonly name = 'OutsideSubset';
}

export type EstObject = Readonly<Record<string, unknown>>;

export function isEstObject(value: unknown): value is EstObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function estObject(value: unknown): EstObject {
  if (!isEstObject(value)) throw new OutsideSubset('an object was expected');
  return value;
}

/** A field that must be there. */
export function estField(object: unknown, name: string): unknown {
  const fields = estObject(object);
  if (!Object.hasOwn(fields, name)) throw new OutsideSubset(`\`${name}\` is missing`);
  return fields[name];
}

export function estString(value: unknown): string {
  if (typeof value !== 'string') throw new OutsideSubset('a string was expected');
  return value;
}

export function estArray(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new OutsideSubset('an array was expected');
  return value;
}

/** The one operator of an expression node and its operand. */
export function estOperator(node: unknown): readonly [operator: string, operand: unknown] {
  const entries = Object.entries(estObject(node));
  const entry = entries[0];
  if (entries.length !== 1 || entry === undefined) {
    throw new OutsideSubset('an expression with exactly one operator was expected');
  }
  return entry;
}

/** `{ type, id }`, bare or under `__entity`. */
export function estEntityUid(value: unknown): EntityUid {
  const object = estObject(value);
  const uid = Object.hasOwn(object, '__entity') ? object['__entity'] : object;
  return new EntityUid(estString(estField(uid, 'type')), estString(estField(uid, 'id')));
}
