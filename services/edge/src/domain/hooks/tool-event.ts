/** Reading what the events of all hosts have in common. */
import { parseSessionId } from '@estop/schemas/ids';
import type { JsonRecord } from '../call.ts';
import { isRecord } from '../json.ts';
import { type AfterCall, type Reading, unreadable } from './host.ts';
import { toolNameOf } from './tool-name.ts';

export function textIn(input: JsonRecord, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = input[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

export function durationIn(input: JsonRecord, name: string): number | null {
  const value = input[name];
  return typeof value === 'number' && value >= 0 ? Math.round(value) : null;
}

/** Arguments that are an object, or an object's JSON; undefined when they are neither. */
export function argumentsOf(value: unknown): JsonRecord | undefined {
  if (isRecord(value)) return value;
  if (value === undefined || value === null || value === '') return {};
  if (typeof value !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export interface CallParts {
  /** Null where the host names none. */
  readonly session: string | null;
  /** As the host calls it. */
  readonly rawTool: string | undefined;
  /** Where the host says more than the raw name. */
  readonly tool?: string | undefined;
  readonly rawArguments: unknown;
  /** The host's number of the call; undefined where it has none. */
  readonly useId: string | undefined;
  readonly twin?: 'first' | 'second';
  /** What both events of one call have in common, beside the session. */
  readonly twinKey?: string;
}

/** What becomes of a call that is over, when its name and arguments could be read. */
export type Ended = Pick<AfterCall, 'status' | 'durationMs' | 'result' | 'error'>;

/** The event of a call, before it (`ended` null) or after. */
export function callEvent(parts: CallParts, ended: Ended | null): Reading {
  const { session, rawTool, rawArguments, useId } = parts;
  if (session !== null && parseSessionId(session) === undefined) {
    return unreadable('the session id is empty, too long or not printable');
  }
  if (rawTool === undefined) return unreadable('the event names no tool');
  const tool = parts.tool ?? toolNameOf(rawTool);
  if (tool === undefined) {
    return unreadable(`\`${rawTool.slice(0, 200)}\` cannot be the name of a tool`);
  }
  const args = argumentsOf(rawArguments);
  if (args === undefined) return unreadable(`the arguments of ${tool} are no JSON object`);
  const key = JSON.stringify([session, useId ?? [tool, args]]);
  if (ended !== null) return { ok: true, event: { kind: 'after', key, ...ended } };
  const call = { tool, arguments: args, ...(session === null ? {} : { session }) };
  const twinKey = JSON.stringify([session, parts.twinKey]);
  const twin = parts.twin === undefined ? null : { role: parts.twin, key: twinKey };
  return { ok: true, event: { kind: 'before', call, key, twin } };
}
