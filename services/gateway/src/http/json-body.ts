/**
 * JSON from outside: read strictly, so that what is judged is what was sent. Of a key that stands
 * twice the last one counts, as JSON.parse has it; everything that leaves here is written anew from
 * the parsed value, so nobody later can read the other one.
 */
import { invalidField, ProblemError } from '../problems.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Parses a body. Throws ProblemError `malformed` or `invalid-request` with a pointer. */
export function parseJsonBody(bytes: Uint8Array, depthMax: number): unknown {
  const value = parse(decode(bytes));
  const fault = findFault(value, depthMax);
  if (fault === undefined) return value;
  throw invalidField(pointerOf(fault.path.toReversed()), fault.detail);
}

/** A JSON pointer (RFC 6901) from its parts. */
export function pointerOf(path: readonly string[]): string {
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ProblemError('malformed', 'the body is not UTF-8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body.
    throw new ProblemError('malformed', 'the body is not JSON');
  }
}

interface Fault {
  /** From the inside out. */
  readonly path: string[];
  readonly detail: string;
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The first thing in a value that would not survive the way to the log and back unchanged. */
function findFault(value: unknown, depthLeft: number): Fault | undefined {
  if (typeof value === 'string') return textFault(value);
  if (typeof value === 'number') return numberFault(value);
  if (typeof value !== 'object' || value === null) return undefined;
  if (depthLeft === 0) return { path: [], detail: 'nested too deeply' };
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const fault = findFault(value[index], depthLeft - 1);
      if (fault !== undefined) return below(fault, String(index));
    }
    return undefined;
  }
  for (const [key, child] of Object.entries(value)) {
    const fault = keyFault(key, child) ?? findFault(child, depthLeft - 1);
    if (fault !== undefined) return below(fault, key);
  }
  return undefined;
}

/** Keys that turn into something else where objects are merged carelessly. */
function keyFault(key: string, child: unknown): Fault | undefined {
  if (key === '__proto__') return { path: [], detail: 'the name `__proto__` is refused' };
  const isObject = typeof child === 'object' && child !== null;
  if (key === 'constructor' && isObject && Object.hasOwn(child, 'prototype')) {
    return { path: [], detail: 'a `constructor` with a `prototype` is refused' };
  }
  return textFault(key);
}

function textFault(text: string): Fault | undefined {
  if (!LONE_SURROGATE.test(text)) return undefined;
  return { path: [], detail: 'half of a surrogate pair is no text' };
}

function numberFault(value: number): Fault | undefined {
  if (!Number.isFinite(value)) return { path: [], detail: 'the number is too large' };
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return undefined;
  return { path: [], detail: 'the integer is not exact beyond 2^53; send it as a string' };
}

function below(fault: Fault, part: string): Fault {
  fault.path.push(part);
  return fault;
}
