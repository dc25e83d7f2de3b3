/**
 * Edits of a host's settings that leave everything else as it is, to the byte: comments, order,
 * spaces. Text in, text out.
 */
import { isDeepStrictEqual } from 'node:util';
import type { HostName } from '@estop/edge/domain/hooks/host';
import {
  applyEdits,
  type JSONPath,
  modify,
  type ParseError,
  parse,
  printParseErrorCode,
} from 'jsonc-parser';
import { fieldsOf, isFields } from '../domain/fields.ts';
import { type HookSettings, isOurHandler } from './host-settings.ts';

export type Edited =
  | { readonly ok: true; readonly text: string }
  /** Why the settings cannot be edited. */
  | { readonly ok: false; readonly problem: string };

const HOOKS = 'hooks';

/** The settings with our hooks in them; unchanged when exactly these are there. `text` '' : no file. */
export function withHooks(host: HostName, text: string, wanted: HookSettings): Edited {
  const problem = problemOf(text);
  if (problem !== null) return { ok: false, problem };
  if (hasExactly(host, text, wanted)) return { ok: true, text };
  let next =
    text.trim() === '' ? `${JSON.stringify(wanted.heading, null, 2)}\n` : cleared(host, text);
  for (const [event, entry] of Object.entries(wanted.entryByEvent)) {
    next = edited(next, [HOOKS, event, -1], entry);
  }
  return { ok: true, text: next };
}

/** The settings without our hooks, and without lists that are empty then. */
export function withoutHooks(host: HostName, text: string): Edited {
  const problem = problemOf(text);
  return problem === null ? { ok: true, text: cleared(host, text) } : { ok: false, problem };
}

/** Whether nothing is left that means anything. */
export function isBare(text: string): boolean {
  return Object.keys(fieldsOf(parse(text))).every((name) => name === 'version');
}

function cleared(host: HostName, text: string): string {
  let next = text;
  const events = Object.keys(hooksIn(text));
  for (const event of events) {
    const before = entriesOf(next, event);
    for (const [index, entry] of [...before.entries()].reverse()) {
      next = withoutOurs(host, next, { event, index, entry });
    }
    const isEmptyNow = before.length > 0 && entriesOf(next, event).length === 0;
    if (isEmptyNow) next = edited(next, [HOOKS, event], undefined);
  }
  const isEmptyNow = events.length > 0 && Object.keys(hooksIn(next)).length === 0;
  return isEmptyNow ? edited(next, [HOOKS], undefined) : next;
}

interface Place {
  readonly event: string;
  readonly index: number;
  readonly entry: unknown;
}

/** An entry is a handler, or a group of them; somebody else's in our group stay. */
function withoutOurs(host: HostName, text: string, { event, index, entry }: Place): string {
  const handlers = fieldsOf(entry)[HOOKS];
  if (!Array.isArray(handlers)) {
    return isOurHandler(host, entry) ? edited(text, [HOOKS, event, index], undefined) : text;
  }
  const ours = handlers.map((handler) => isOurHandler(host, handler));
  if (ours.length > 0 && ours.every(Boolean)) return edited(text, [HOOKS, event, index], undefined);
  let next = text;
  for (const [at, isOurs] of [...ours.entries()].reverse()) {
    if (isOurs) next = edited(next, [HOOKS, event, index, HOOKS, at], undefined);
  }
  return next;
}

function hasExactly(host: HostName, text: string, wanted: HookSettings): boolean {
  const ours: Record<string, unknown> = {};
  for (const event of Object.keys(hooksIn(text))) {
    for (const entry of entriesOf(text, event)) {
      const handlers = fieldsOf(entry)[HOOKS];
      const all: readonly unknown[] = Array.isArray(handlers) ? handlers : [entry];
      if (!all.some((handler) => isOurHandler(host, handler))) continue;
      if (event in ours) return false;
      ours[event] = entry;
    }
  }
  return isDeepStrictEqual(ours, wanted.entryByEvent);
}

function hooksIn(text: string): Readonly<Record<string, unknown>> {
  return fieldsOf(fieldsOf(parse(text))[HOOKS]);
}

function entriesOf(text: string, event: string): readonly unknown[] {
  const entries = hooksIn(text)[event];
  return Array.isArray(entries) ? entries : [];
}

function problemOf(text: string): string | null {
  if (text.trim() === '') return null;
  const errors: ParseError[] = [];
  const settings: unknown = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error !== undefined) {
    const before = text.slice(0, error.offset).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    return `line ${before.length}, column ${column}: ${printParseErrorCode(error.error)}`;
  }
  if (!isFields(settings)) return 'the settings are no JSON object';
  const hooks = settings[HOOKS];
  if (hooks === undefined) return null;
  if (!isFields(hooks)) return '`hooks` is no JSON object';
  const odd = Object.entries(hooks).find(([, entries]) => !Array.isArray(entries));
  return odd === undefined ? null : `\`hooks.${odd[0]}\` is no list`;
}

function edited(text: string, path: JSONPath, value: unknown): string {
  const isTabbed = /^\t/m.test(text);
  const width = /^( +)\S/m.exec(text)?.[1]?.length ?? 2;
  return applyEdits(
    text,
    modify(text, path, value, {
      isArrayInsertion: path.at(-1) === -1,
      formattingOptions: {
        insertSpaces: !isTabbed,
        tabSize: isTabbed ? 1 : width,
        eol: text.includes('\r\n') ? '\r\n' : '\n',
      },
    }),
  );
}
