/** What a schema found wrong, as `errors[{pointer, detail}]` that a person can act upon. */
import { nearestWord } from '@estop/policy/domain/fleet/suggestion';
import { type FieldProblem, ProblemError } from '../problems.ts';
import { pointerOf } from './json-body.ts';

const ERRORS_MAX = 20;

/** An error of Ajv, with the schema around it (`verbose`). */
export interface SchemaFault {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Record<string, unknown>;
  readonly message?: string;
}

/** `part` is where the schema was applied: body, querystring, params or headers. */
export function validationProblem(found: readonly SchemaFault[], part: string): ProblemError {
  // Of a choice every branch fails: what is told is the choice.
  const choice = found.find(({ keyword }) => keyword === 'oneOf');
  const told = choice === undefined ? found.slice(0, ERRORS_MAX) : [choice];
  const errors = told.map((error) => fieldProblem(error, part));
  const first = errors[0];
  const detail = first === undefined ? 'the shape is wrong' : `${first.pointer}: ${first.detail}`;
  return new ProblemError('invalid-request', detail, { errors });
}

function fieldProblem(error: SchemaFault, part: string): FieldProblem {
  const { keyword, instancePath, params, message } = error;
  if (keyword === 'additionalProperties') {
    const name = String(params['additionalProperty']);
    return {
      pointer: place(part, `${instancePath}${pointerOf([name])}`),
      detail: unknown(name, error),
    };
  }
  if (keyword === 'required') {
    const name = String(params['missingProperty']);
    return { pointer: place(part, `${instancePath}${pointerOf([name])}`), detail: 'is required' };
  }
  if (keyword === 'oneOf') {
    return { pointer: place(part, instancePath), detail: choiceOf(error) };
  }
  const allowed = params['allowedValues'];
  const words = Array.isArray(allowed) ? `: ${allowed.join(', ')}` : '';
  return { pointer: place(part, instancePath), detail: `${message ?? 'is wrong'}${words}` };
}

function unknown(name: string, error: SchemaFault): string {
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  const parent: unknown = Reflect.get(error, 'parentSchema');
  const nearest = nearestWord(name, propertiesOf(parent));
  const hint = nearest === undefined ? '' : `; did you mean \`${nearest}\`?`;
  return `\`${shown}\` is not known here${hint}`;
}

/** The schema's own words for what goes together. */
function choiceOf({ message = 'is wrong', ...error }: SchemaFault): string {
  const parent: unknown = Reflect.get(error, 'parentSchema');
  if (typeof parent !== 'object' || parent === null || !('description' in parent)) return message;
  return String(parent.description);
}

function propertiesOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null || !('properties' in schema)) return [];
  const { properties } = schema;
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}

function place(part: string, pointer: string): string {
  if (part === 'querystring') return `?${pointer.slice(1)}`;
  if (part === 'params') return `:${pointer.slice(1)}`;
  return pointer;
}
