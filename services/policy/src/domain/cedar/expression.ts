/** A compiled expression, and the two ways of making one out of compiled operands. */
import type { CedarRequest } from './request.ts';
import { type CedarEntity, type CedarValue, EvaluationFailure, typeFailure } from './values.ts';

/** The value of an expression for a request; throws `EvaluationFailure` where Cedar has an error. */
export type Evaluate = (request: CedarRequest, action: CedarEntity) => CedarValue;

export type Variable = 'principal' | 'action' | 'resource' | 'context';

export interface Expression {
  readonly evaluate: Evaluate;
  /** The value, where it does not depend on the request. */
  readonly constant?: CedarValue;
  /** Set when the expression is just a variable, so that readers can take a shorter way. */
  readonly variable?: Variable;
}

export function constantExpression(value: CedarValue): Expression {
  return { evaluate: () => value, constant: value };
}

/** An expression of one operand; folded when that is constant and there is no error. */
export function unaryExpression(
  operand: Expression,
  apply: (value: CedarValue) => CedarValue,
): Expression {
  const { evaluate, constant } = operand;
  const folded = constant === undefined ? undefined : folding(() => apply(constant));
  return folded ?? { evaluate: (request, action) => apply(evaluate(request, action)) };
}

/** An expression of two operands, the left one evaluated first; folded like a unary one. */
export function binaryExpression(
  left: Expression,
  right: Expression,
  apply: (left: CedarValue, right: CedarValue) => CedarValue,
): Expression {
  const [leftConstant, rightConstant] = [left.constant, right.constant];
  if (leftConstant !== undefined && rightConstant !== undefined) {
    const folded = folding(() => apply(leftConstant, rightConstant));
    if (folded !== undefined) return folded;
  }
  const [evaluateLeft, evaluateRight] = [left.evaluate, right.evaluate];
  return {
    evaluate: (request, action) =>
      apply(evaluateLeft(request, action), evaluateRight(request, action)),
  };
}

/** What is known to fail is not folded: it fails when, and only if, it is evaluated. */
function folding(compute: () => CedarValue): Expression | undefined {
  try {
    return constantExpression(compute());
  } catch (failure) {
    if (failure instanceof EvaluationFailure) return undefined;
    throw failure;
  }
}

export function asBoolean(value: CedarValue): boolean {
  if (typeof value === 'boolean') return value;
  throw typeFailure('bool', value);
}
