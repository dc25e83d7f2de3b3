/**
 * Ajv as estop uses it: strict, JSON Schema 2020-12, patterns by RE2 (linear in the text), no
 * coercion and no defaults. Arguments are checked, never changed: what was digested and approved
 * is what the tool gets.
 */
import { Ajv2020, type Format, type Options } from 'ajv/dist/2020.js';
import type { RegExpEngine } from 'ajv/dist/types/index.js';
import addFormats from 'ajv-formats';
import { RE2JS } from 're2js';

/** The patterns of formats are not RE2's: longer texts are refused before they are tried. */
const FORMATTED_LENGTH_MAX = 2_048;

export interface AjvOptions {
  /** False: stop at the first problem. */
  readonly allErrors: boolean;
  /** False: quicker to compile, slower to run. */
  readonly optimize: boolean;
}

export function createAjv({ allErrors, optimize }: AjvOptions): Ajv2020 {
  const options: Options = {
    strict: true,
    strictTypes: true,
    strictTuples: true,
    // `anyOf: [{ required: [a] }, { required: [b] }]` is legitimate.
    strictRequired: false,
    allowUnionTypes: true,
    allErrors,
    // Asked for explicitly where schemas are checked.
    validateSchema: false,
    coerceTypes: false,
    useDefaults: false,
    removeAdditional: false,
    ownProperties: true,
    logger: false,
    code: { regExp: re2Engine(), optimize },
  };
  const ajv = new Ajv2020(options);
  addFormats.default(ajv);
  for (const [name, format] of Object.entries(ajv.formats)) {
    const bounded = format === undefined ? undefined : boundedFormat(format);
    if (bounded !== undefined) ajv.addFormat(name, bounded);
  }
  return ajv;
}

/** Why RE2 cannot take a pattern, or undefined. */
export function patternRefusal(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'it is no pattern';
  }
}

function re2Engine(): RegExpEngine {
  const engine = (pattern: string) => new Re2Pattern(pattern);
  return Object.assign(engine, { code: 'RE2JS.compile' });
}

/** Ajv takes patterns of the same `toString` for the same: without one of its own all would be. */
class Re2Pattern {
  readonly #pattern: string;
  readonly #compiled: RE2JS;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#compiled = RE2JS.compile(pattern);
  }

  test(text: string): boolean {
    return this.#compiled.matcher(text).find();
  }

  toString(): string {
    return `/${this.#pattern}/re2`;
  }
}

/** The same format for texts up to the length; undefined for those of numbers, left as they are. */
function boundedFormat(format: Format): Format | undefined {
  const isDefinition = typeof format === 'object' && !(format instanceof RegExp);
  if (isDefinition && (format.type === 'number' || format.async === true)) return undefined;
  const test = isDefinition ? format.validate : format;
  if (test instanceof RegExp) return bounded((text) => test.test(text));
  if (typeof test !== 'function') return undefined;
  return bounded((text) => Reflect.apply(test, undefined, [text]) === true);
}

function bounded(test: (text: string) => boolean): (text: string) => boolean {
  return (text) => text.length <= FORMATTED_LENGTH_MAX && test(text);
}
