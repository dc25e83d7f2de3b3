/** `in` and `is`: where an entity stands in the hierarchy, and of which type it is. */

import { uidsEqual } from './equality.ts';
import { asBoolean, type Expression, unaryExpression } from './expression.ts';
import { type CedarRequest, entityOf, isEntityIn } from './request.ts';
import {
  type CedarEntity,
  type CedarValue,
  EntityUid,
  elementsOf,
  isSet,
  typeFailure,
} from './values.ts';

export function compileIs(left: Expression, entityType: string): Expression {
  return unaryExpression(left, (value) => entityUid(value).type === entityType);
}

/** `left is type in right`: the right side is not evaluated when the type differs. */
export function compileIsIn(left: Expression, entityType: string, right: Expression): Expression {
  const isOfType = compileIs(left, entityType).evaluate;
  const isInRight = compileIn(left, right).evaluate;
  return {
    evaluate: (request, action) =>
      asBoolean(isOfType(request, action)) && isInRight(request, action),
  };
}

/** `left in right`, where right is an entity or a set of entities. */
export function compileIn(left: Expression, right: Expression): Expression {
  const ancestor = right.constant;
  if (left.variable === 'principal' && ancestor instanceof EntityUid) {
    return { evaluate: (request) => isEntityIn(request.principal, ancestor) };
  }
  const [evaluateLeft, evaluateRight] = [left.evaluate, right.evaluate];
  return {
    evaluate: (request, action) => {
      const child = entityUid(evaluateLeft(request, action));
      const ancestors = entityUids(evaluateRight(request, action));
      return isInAny(child, ancestors, { request, action });
    },
  };
}

function isInAny(
  child: EntityUid,
  ancestors: readonly EntityUid[],
  { request, action }: { readonly request: CedarRequest; readonly action: CedarEntity },
): boolean {
  const entity = entityOf(child, request, action);
  return ancestors.some((ancestor) =>
    entity === undefined ? uidsEqual(child, ancestor) : isEntityIn(entity, ancestor),
  );
}

function entityUid(value: CedarValue): EntityUid {
  if (value instanceof EntityUid) return value;
  throw typeFailure('entity', value);
}

/** Every element is checked before any is compared, as Cedar does. */
function entityUids(value: CedarValue): readonly EntityUid[] {
  if (value instanceof EntityUid) return [value];
  if (!isSet(value)) throw typeFailure('entity or set of entities', value);
  return elementsOf(value).map(entityUid);
}
