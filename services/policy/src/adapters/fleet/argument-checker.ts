/**
 * Checks arguments while deciding. Compiled when a tool is first used, so that a catalogue of any
 * size is active at once. Problems never repeat the values that are wrong.
 */
import type { ErrorObject, ValidateFunction } from 'ajv/dist/types/index.js';
import { escapePointerStep, isJsonObject } from '../../domain/fleet/json-pointer.ts';
import { didYouMean } from '../../domain/fleet/suggestion.ts';
import type { ArgumentProblem, Json, JsonObject } from '../../domain/fleet.ts';
import { type AjvOptions, createAjv } from './ajv.ts';

const PROBLEMS_MAX = 20;
const TEXT_LENGTH_MAX = 200;
/** Arguments with more values than this get their first problem only: each problem costs time. */
const VALUES_MAX = 1_000;

export interface ArgumentChecker {
  /** The check of one tool's arguments. */
  readonly of: (schema: JsonObject) => (args: JsonObject) => readonly ArgumentProblem[];
}

const NO_PROBLEMS: readonly ArgumentProblem[] = [];

/** One per bundle: what it compiles goes with it. Bounded by the catalogue. */
export function createArgumentChecker(): ArgumentChecker {
  const first = lazyCompiler({ allErrors: false, optimize: true });
  const all = lazyCompiler({ allErrors: true, optimize: false });
  return {
    of: (schema) => {
      let validate: ValidateFunction | undefined;
      return (args) => {
        validate ??= first(schema);
        if (validate(args)) return NO_PROBLEMS;
        if (valuesIn(args, VALUES_MAX) < 0) return problemsOf(validate.errors ?? [], schema);
        const validateAll = all(schema);
        validateAll(args);
        return problemsOf(validateAll.errors ?? validate.errors ?? [], schema);
      };
    },
  };
}

/** Ajv remembers what it compiled by the schema object. */
function lazyCompiler(options: AjvOptions): (schema: JsonObject) => ValidateFunction {
  let ajv: ReturnType<typeof createAjv> | undefined;
  return (schema) => {
    ajv ??= createAjv(options);
    return ajv.compile(schema);
  };
}

function problemsOf(
  errors: readonly Partial<ErrorObject>[],
  schema: JsonObject,
): readonly ArgumentProblem[] {
  const problems = errors.slice(0, PROBLEMS_MAX).map((error) => problemOf(error, schema));
  return problems.length > 0 ? problems : [{ pointer: '', detail: 'does not fit the schema' }];
}

function problemOf(
  { instancePath = '', keyword, params = {}, message = 'is wrong' }: Partial<ErrorObject>,
  schema: JsonObject,
): ArgumentProblem {
  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
      const hint = instancePath === '' ? didYouMean(name, propertyNames(schema)) : undefined;
      const detail = hint === undefined ? 'is not known' : `is not known: ${hint}`;
      return problem(`${instancePath}/${escapePointerStep(name)}`, detail);
    }
    case 'required': {
      const name = escapePointerStep(String(params['missingProperty']));
      return problem(`${instancePath}/${name}`, 'is required');
    }
    case 'enum':
      return problem(instancePath, `must be one of ${JSON.stringify(params['allowedValues'])}`);
    case 'const':
      return problem(instancePath, `must be ${JSON.stringify(params['allowedValue'])}`);
    default:
      return problem(instancePath, message);
  }
}

function problem(pointer: string, detail: string): ArgumentProblem {
  return { pointer: shortened(pointer), detail: shortened(detail) };
}

function shortened(text: string): string {
  return text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX - 1)}…`;
}

function propertyNames({ properties }: JsonObject): readonly string[] {
  return isJsonObject(properties) ? Object.keys(properties) : [];
}

/** What is left of an allowance of values; below zero when the value holds more. */
function valuesIn(value: Json, allowance: number): number {
  let left = allowance - 1;
  if (typeof value !== 'object' || value === null) return left;
  for (const key in value) {
    if (left < 0) return left;
    const inner: Json | undefined = isJsonObject(value) ? value[key] : value[Number(key)];
    left = valuesIn(inner ?? null, left);
  }
  return left;
}
