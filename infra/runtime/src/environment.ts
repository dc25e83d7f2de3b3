/**
 * Typed reading of environment variables from a declared table. All problems are collected, so that
 * a person corrects a configuration once; a secret is never shown, and may stand in a file that
 * NAME_FILE points to.
 */
import { readFileSync } from 'node:fs';
import { EstopError, messageOf } from '@estop/schemas/errors';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What one variable means: for its reader, and for the table in the README. */
export interface Variable<Value> {
  readonly summary: string;
  /** What a value looks like; completes `NAME is …; give …`. */
  readonly form: string;
  /** What holds without the variable; null when it is then simply absent. */
  readonly fallback: Value | null;
  readonly isSecret: boolean;
  /** The value of a text that is not empty; undefined when the text is no such value. */
  readonly parse: (text: string) => Value | undefined;
}

/** One thing that is wrong: a whole sentence without a full stop. */
export type Problem = string;

type ValueOf<V> = V extends {
  readonly fallback: infer F;
  readonly parse: (text: string) => infer P;
}
  ? Exclude<P, undefined> | F
  : never;

export type ValuesOf<Table> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

/** A secret is short; a larger file is a wrong path. */
const SECRET_FILE_BYTES_MAX = 64 * 1024;

/**
 * Reads the named variables of a table. An empty text counts as absent. `rules` may find fault with
 * values that are right alone but not together. Throws EstopError `config-invalid`, whose message
 * names every variable in question, what is wrong with it and what would be right.
 */
export function readVariables<const Table extends Record<string, Variable<unknown>>>(
  table: Table,
  environment: Environment,
  rules: (values: ValuesOf<Table>) => readonly Problem[] = () => [],
): ValuesOf<Table> {
  const problems: Problem[] = [];
  const entries = Object.entries(table).map(([name, variable]) => {
    const reading = readVariable(name, variable, environment);
    if ('problem' in reading) problems.push(reading.problem);
    return [name, 'problem' in reading ? variable.fallback : reading.value] as const;
  });
  const values = Object.fromEntries(entries) as ValuesOf<Table>;
  if (problems.length === 0) problems.push(...rules(values));
  if (problems.length === 0) return values;
  throw new EstopError(
    'config-invalid',
    `the configuration is not valid:\n  ${problems.join('\n  ')}`,
  );
}

type Reading = { readonly value: unknown } | { readonly problem: Problem };

function readVariable(
  name: string,
  variable: Variable<unknown>,
  environment: Environment,
): Reading {
  const source = variable.isSecret ? readSecret(name, environment) : { value: environment[name] };
  if ('problem' in source) return source;
  const text = source.value;
  if (text === undefined || text === '') return { value: variable.fallback };
  const value = variable.parse(text);
  if (value !== undefined) return { value };
  const seen = variable.isSecret ? 'not valid' : `\`${text}\``;
  return { problem: `${name} is ${seen}; give ${variable.form}` };
}

function readSecret(
  name: string,
  environment: Environment,
): { readonly value: string | undefined } | { readonly problem: Problem } {
  const inline = environment[name] ?? '';
  const file = environment[`${name}_FILE`] ?? '';
  if (file === '') return { value: inline };
  if (inline !== '') return { problem: `${name} and ${name}_FILE are both set; give one of them` };
  try {
    const text = readFileSync(file, 'utf8').trim();
    if (text === '') return { problem: `${name}_FILE names \`${file}\`, which is empty` };
    if (text.length > SECRET_FILE_BYTES_MAX) {
      return { problem: `${name}_FILE names \`${file}\`, which is too large for a secret` };
    }
    return { value: text };
  } catch (error) {
    const cause = messageOf(error);
    return { problem: `${name}_FILE names \`${file}\`, which cannot be read: ${cause}` };
  }
}

/** Free text; with `pattern`, text of that form. */
export function text<const Fallback extends string | null>(options: {
  readonly summary: string;
  readonly form: string;
  readonly fallback: Fallback;
  readonly pattern?: RegExp;
}) {
  const { summary, form, fallback, pattern = /^/ } = options;
  const parse = (raw: string): string | undefined => (pattern.test(raw) ? raw : undefined);
  return { summary, form, fallback, isSecret: false, parse };
}

/** A whole number in a closed range. */
export function integer<const Fallback extends number | null>(options: {
  readonly summary: string;
  readonly min: number;
  readonly max: number;
  readonly fallback: Fallback;
}) {
  const { summary, min, max, fallback } = options;
  const parse = (raw: string): number | undefined => {
    const value = /^-?\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  };
  const form = `a whole number from ${min} to ${max}`;
  return { summary, form, fallback, isSecret: false, parse };
}

/** True or false. */
export function flag(options: { readonly summary: string; readonly fallback: boolean }) {
  const parse = (raw: string): boolean | undefined => {
    if (raw === 'true' || raw === '1') return true;
    return raw === 'false' || raw === '0' ? false : undefined;
  };
  return { ...options, form: '`true` or `false`', isSecret: false, parse };
}

/** One of a few words. */
export function choice<
  const Word extends string,
  const Fallback extends NoInfer<Word> | null,
>(options: {
  readonly summary: string;
  readonly words: readonly Word[];
  readonly fallback: Fallback;
}) {
  const { summary, words, fallback } = options;
  const parse = (raw: string): Word | undefined => words.find((word) => word === raw);
  const form = `one of ${words.map((word) => `\`${word}\``).join(', ')}`;
  return { summary, form, fallback, isSecret: false, parse };
}

/** An http or https address without credentials; a slash at its end is dropped. */
export function url<const Fallback extends string | null>(options: {
  readonly summary: string;
  readonly fallback: Fallback;
}) {
  const parse = (raw: string): string | undefined => {
    const parsed = URL.canParse(raw) ? new URL(raw) : null;
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) return undefined;
    if (parsed.username !== '' || parsed.password !== '') return undefined;
    return raw.replace(/\/+$/, '');
  };
  const form = 'an http or https address without user and password in it';
  return { ...options, form, isSecret: false, parse };
}

/** Words separated by commas, each of the form of `item`; spaces around them do not count. */
export function list(options: {
  readonly summary: string;
  readonly form: string;
  readonly item: RegExp;
}) {
  const { summary, form, item } = options;
  const parse = (raw: string): readonly string[] | undefined => {
    const words = raw.split(',').map((word) => word.trim());
    return words.every((word) => item.test(word)) ? words : undefined;
  };
  return { summary, form, fallback: null, isSecret: false, parse };
}

/** A text that is never shown; also read from the file that NAME_FILE names. */
export function secret(options: {
  readonly summary: string;
  readonly form: string;
  readonly pattern?: RegExp;
}) {
  return { ...text({ ...options, fallback: null }), isSecret: true };
}
