/** `&&`, `||` and `if`: the operators that leave operands unevaluated. */
import { asBoolean, constantExpression, type Expression } from './expression.ts';

export function compileAnd(left: Expression, right: Expression): Expression {
  if (left.constant === false) return constantExpression(false);
  const [evaluateLeft, evaluateRight] = [left.evaluate, right.evaluate];
  return {
    evaluate: (request, action) =>
      asBoolean(evaluateLeft(request, action)) && asBoolean(evaluateRight(request, action)),
  };
}

export function compileOr(left: Expression, right: Expression): Expression {
  if (left.constant === true) return constantExpression(true);
  const [evaluateLeft, evaluateRight] = [left.evaluate, right.evaluate];
  return {
    evaluate: (request, action) =>
      asBoolean(evaluateLeft(request, action)) || asBoolean(evaluateRight(request, action)),
  };
}

export function compileIf(
  condition: Expression,
  consequent: Expression,
  alternative: Expression,
): Expression {
  if (condition.constant === true) return consequent;
  if (condition.constant === false) return alternative;
  const [test, then, otherwise] = [condition.evaluate, consequent.evaluate, alternative.evaluate];
  return {
    evaluate: (request, action) =>
      asBoolean(test(request, action)) ? then(request, action) : otherwise(request, action),
  };
}
