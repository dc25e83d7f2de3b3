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
  if (rightConstant !== undefined) {
    return { evaluate: (request, action) => apply(evaluateLeft(request, action), rightConstant) };
  }
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

/**
 * Expressions that several policies share, evaluated once per evaluation of the set: a thousand
 * rules read the same few attributes of a request. Failures are not kept, only values.
 */
export class SharedExpressions {
  readonly #expressionByKey = new Map<string, Expression>();
  readonly #evaluations = { count: 0 };

  /** Forgets all values: what follows is another evaluation. */
  startEvaluation(): void {
    this.#evaluations.count += 1;
  }

  /** The shared form of an expression; `key` says what it is, the same for all that are equal. */
  share(key: string, make: () => Expression): Expression {
    const known = this.#expressionByKey.get(key);
    if (known !== undefined) return known;
    const made = make();
    const shared = made.constant === undefined ? remembering(made, this.#evaluations) : made;
    this.#expressionByKey.set(key, shared);
    return shared;
  }
}

function remembering(
  { evaluate }: Expression,
  evaluations: { readonly count: number },
): Expression {
  let evaluation = -1;
  let value: CedarValue = false;
  return {
    evaluate: (request, action) => {
      if (evaluation !== evaluations.count) {
        value = evaluate(request, action);
        evaluation = evaluations.count;
      }
      return value;
    },
  };
}

export function asBoolean(value: CedarValue): boolean {
  if (typeof value === 'boolean') return value;
  throw typeFailure('bool', value);
}
