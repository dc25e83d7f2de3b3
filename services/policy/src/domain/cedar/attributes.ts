/**
 * Attribute access and `has`. The variables have their attributes at hand, so that the common
 * `context.x` and `principal.x` cost one look-up.
 */
import { estArray, estString } from './est.ts';
import { constantExpression, type Evaluate, type Expression } from './expression.ts';
import { entityOf } from './request.ts';
import {
  attributeOf,
  type CedarRecord,
  EntityUid,
  EvaluationFailure,
  isRecord,
  typeFailure,
} from './values.ts';

/** `left.attribute`: an error when there is no such attribute, or no such entity. */
export function compileAccess(left: Expression, attribute: string): Expression {
  const missing = new EvaluationFailure(`attribute \`${attribute}\` does not exist`);
  if (left.variable === 'context') {
    return {
      evaluate: (request) => {
        const value = attributeOf(request.context, attribute);
        if (value === undefined) throw missing;
        return value;
      },
    };
  }
  const attributes = attributesOf(left);
  return {
    evaluate: (request, action) => {
      const record = attributes(request, action);
      const value = record === undefined ? undefined : attributeOf(record, attribute);
      if (value === undefined) throw missing;
      return value;
    },
  };
}

/** `left has path`, where a path of several names asks step by step and stops at the first no. */
export function compileHas(left: Expression, attribute: unknown): Expression {
  const path = typeof attribute === 'string' ? [attribute] : estArray(attribute).map(estString);
  const [first, ...rest] = path;
  if (first === undefined) return constantExpression(true);
  const present = compileHasOne(left, first);
  if (rest.length === 0) return present;
  const further = compileHas(compileAccess(left, first), rest).evaluate;
  return {
    evaluate: (request, action) =>
      present.evaluate(request, action) === true && further(request, action),
  };
}

function compileHasOne(left: Expression, attribute: string): Expression {
  const attributes = attributesOf(left);
  return {
    evaluate: (request, action) => {
      const record = attributes(request, action);
      return record !== undefined && hasAttribute(record, attribute);
    },
  };
}

/** Present even when its value is none Cedar knows: reading it is then what fails. */
function hasAttribute(record: CedarRecord, attribute: string): boolean {
  return Object.hasOwn(record, attribute) && record[attribute] !== undefined;
}

type Attributes = (...request: Parameters<Evaluate>) => CedarRecord | undefined;

/** The record behind an expression: itself, or the attributes of the entity it refers to. */
function attributesOf(left: Expression): Attributes {
  switch (left.variable) {
    case 'context':
      return (request) => request.context;
    case 'principal':
      return (request) => request.principal.attributes;
    case 'resource':
      return (request) => request.resource.attributes;
    default: {
      const evaluate = left.evaluate;
      return (request, action) => {
        const value = evaluate(request, action);
        if (isRecord(value)) return value;
        if (!(value instanceof EntityUid)) throw typeFailure('record or entity', value);
        return entityOf(value, request, action)?.attributes;
      };
    }
  }
}
