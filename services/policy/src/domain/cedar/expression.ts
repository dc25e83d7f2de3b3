/** A compiled expression, and the ways of making one out of compiled operands or sharing it. */
import { createNumbering } from './numbering.ts';
import type { CedarRequest } from './request.ts';
import { type CedarEntity, type CedarValue, EvaluationFailure, typeFailure } from './values.ts';

/** The value of an expression; throws `EvaluationFailure` where Cedar has an error. */
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
 * Expressions that occur more than once, evaluated once per evaluation of the set: a thousand
 * rules read the same few attributes and ask the same few questions. Values are kept until the
 * next evaluation; failures are not kept.
 */
export class SharedExpressions {
  readonly #occurrenceByNumber = new Map<string, Occurrence>();
  readonly #numbers = createNumbering();
  readonly #evaluations = { count: 0 };

  /** Forgets all values: what follows is another evaluation. */
  startEvaluation(): void {
    this.#evaluations.count += 1;
  }

  /**
   * The expression `make` compiles from an EST node, or the shared form of an equal one. `role`
   * tells apart what is compiled differently from equal nodes. The first occurrence stays as it
   * is, so that what occurs only once pays nothing; but a `fact` is never computed twice.
   */
  share(role: SharedRole, node: unknown, make: () => Expression): Expression {
    const number = `${role} ${this.#numbers(node)}`;
    const known = this.#occurrenceByNumber.get(number);
    if (known?.remembers === true) return known.expression;
    const made = known?.expression ?? make();
    const remembers = made.constant === undefined && (known !== undefined || role === 'fact');
    const expression = remembers ? remembering(made, this.#evaluations) : made;
    this.#occurrenceByNumber.set(number, { expression, remembers });
    return expression;
  }
}

/** A fact of the request (an attribute read), any other expression, or a scope's condition. */
type SharedRole = 'fact' | 'expression' | 'principal' | 'resource';

interface Occurrence {
  readonly expression: Expression;
  readonly remembers: boolean;
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
