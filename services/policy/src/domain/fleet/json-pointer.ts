/** JSON pointers (RFC 6901) into arguments. */
import type { Json, JsonObject } from '../fleet.ts';

/** Longer pointers name nothing a catalogue should speak of. */
const POINTER_LENGTH_MAX = 500;

/** The steps of a pointer, or undefined when the text is none or points at the whole document. */
export function parsePointer(text: string): readonly string[] | undefined {
  if (!text.startsWith('/') || text.length > POINTER_LENGTH_MAX) return undefined;
  if (/~(?![01])/.test(text)) return undefined;
  return text
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function escapePointerStep(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** What a pointer finds; undefined when it finds nothing. Inherited properties are never found. */
export function valueAt(root: JsonObject, steps: readonly string[]): Json | undefined {
  let value: Json | undefined = root;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Array.isArray(value) ? itemAt(value, step) : propertyOf(value, step);
  }
  return value;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property, or undefined. */
export function propertyOf(value: Json, name: string): Json | undefined {
  if (!isJsonObject(value)) return undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function itemAt(items: readonly Json[], step: string): Json | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(step) ? items[Number(step)] : undefined;
}
