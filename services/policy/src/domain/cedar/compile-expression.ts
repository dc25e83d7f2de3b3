/** From an EST expression to closures: one dispatch over the operators, operands first. */
import { compileAccess, compileHas } from './attributes.ts';
import { constantSetOf } from './equality.ts';
import {
  estArray,
  estEntityUid,
  estField,
  estObject,
  estOperator,
  estString,
  isEstObject,
  OutsideSubset,
} from './est.ts';
import {
  binaryExpression,
  constantExpression,
  type Evaluate,
  type Expression,
  unaryExpression,
} from './expression.ts';
import { BINARY_FUNCTIONS, UNARY_FUNCTIONS } from './extension-functions.ts';
import { compileIn, compileIs, compileIsIn } from './hierarchy.ts';
import { compileAnd, compileIf, compileOr } from './logic.ts';
import { BINARY_OPERATORS, UNARY_OPERATORS } from './operators.ts';
import { compilePattern } from './patterns.ts';
import { type CedarValue, longIfI64, typeFailure } from './values.ts';

/** Deeper expressions are left to cedar-wasm, so that no policy can exhaust the stack. */
const EXPRESSION_DEPTH_MAX = 500;

/** Throws `OutsideSubset` for anything this compiler does not translate exactly. */
export function compileExpression(node: unknown, depth = 0): Expression {
  if (depth > EXPRESSION_DEPTH_MAX) throw new OutsideSubset('the expression is nested too deeply');
  const [operator, operand] = estOperator(node);
  const compiler = COMPILERS.get(operator);
  if (compiler !== undefined) return compiler(operand, depth + 1);
  const unary = UNARY_OPERATORS.get(operator);
  if (unary !== undefined) {
    return unaryExpression(compileExpression(estField(operand, 'arg'), depth + 1), unary);
  }
  const binary = BINARY_OPERATORS.get(operator);
  if (binary !== undefined) {
    const { left, right } = compileOperands(operand, depth + 1);
    return binaryExpression(left, right, binary);
  }
  return compileCall(operator, estArray(operand), depth + 1);
}

type Compiler = (operand: unknown, depth: number) => Expression;

const COMPILERS: ReadonlyMap<string, Compiler> = new Map<string, Compiler>([
  ['Value', (operand) => constantExpression(literalValue(operand))],
  ['Var', compileVariable],
  ['Set', compileSet],
  ['Record', compileRecord],
  ['if-then-else', compileConditional],
  ['like', compileLike],
  ['is', compileTypeTest],
  [
    '&&',
    (operand, depth) => {
      const { left, right } = compileOperands(operand, depth);
      return compileAnd(left, right);
    },
  ],
  [
    '||',
    (operand, depth) => {
      const { left, right } = compileOperands(operand, depth);
      return compileOr(left, right);
    },
  ],
  [
    'in',
    (operand, depth) => {
      const { left, right } = compileOperands(operand, depth);
      return compileIn(left, right);
    },
  ],
  [
    '.',
    (operand, depth) =>
      compileAccess(compileLeft(operand, depth), estString(estField(operand, 'attr'))),
  ],
  ['has', (operand, depth) => compileHas(compileLeft(operand, depth), estField(operand, 'attr'))],
]);

function compileLeft(operand: unknown, depth: number): Expression {
  return compileExpression(estField(operand, 'left'), depth);
}

function compileOperands(
  operand: unknown,
  depth: number,
): { readonly left: Expression; readonly right: Expression } {
  return {
    left: compileLeft(operand, depth),
    right: compileExpression(estField(operand, 'right'), depth),
  };
}

/** A literal of a policy text. A number that is not a safe integer has lost digits already. */
function literalValue(literal: unknown): CedarValue {
  if (typeof literal === 'string' || typeof literal === 'boolean') return literal;
  if (typeof literal === 'number' && Number.isSafeInteger(literal)) return literal;
  if (typeof literal === 'bigint') {
    const long = longIfI64(literal);
    if (long !== undefined) return long;
  }
  if (isEstObject(literal) && Object.hasOwn(literal, '__entity')) return estEntityUid(literal);
  throw new OutsideSubset('a literal of this kind is not compiled');
}

function compileVariable(name: unknown): Expression {
  switch (name) {
    case 'principal':
      return { evaluate: (request) => request.principal.uid, variable: name };
    case 'action':
      return { evaluate: (_request, action) => action.uid, variable: name };
    case 'resource':
      return { evaluate: (request) => request.resource.uid, variable: name };
    case 'context':
      return { evaluate: (request) => request.context, variable: name };
    default:
      throw new OutsideSubset('an unknown variable');
  }
}

function compileSet(operand: unknown, depth: number): Expression {
  const elements = estArray(operand).map((element) => compileExpression(element, depth));
  const constants = elements.flatMap(({ constant }) => (constant === undefined ? [] : [constant]));
  if (constants.length === elements.length) return constantExpression(constantSetOf(constants));
  const evaluators = elements.map(({ evaluate }) => evaluate);
  return {
    evaluate: (request, action) => evaluators.map((evaluate) => evaluate(request, action)),
  };
}

function compileRecord(operand: unknown, depth: number): Expression {
  const attributes = Object.entries(estObject(operand)).map(
    ([name, value]): readonly [string, Expression] => [name, compileExpression(value, depth)],
  );
  const build: Evaluate = (request, action) =>
    Object.fromEntries(attributes.map(([name, value]) => [name, value.evaluate(request, action)]));
  return { evaluate: build };
}

function compileConditional(operand: unknown, depth: number): Expression {
  return compileIf(
    compileExpression(estField(operand, 'if'), depth),
    compileExpression(estField(operand, 'then'), depth),
    compileExpression(estField(operand, 'else'), depth),
  );
}

function compileLike(operand: unknown, depth: number): Expression {
  const matches = compilePattern(estField(operand, 'pattern'));
  return unaryExpression(compileLeft(operand, depth), (value) => {
    if (typeof value !== 'string') throw typeFailure('string', value);
    return matches(value);
  });
}

function compileTypeTest(operand: unknown, depth: number): Expression {
  const left = compileLeft(operand, depth);
  const entityType = estString(estField(operand, 'entity_type'));
  if (!Object.hasOwn(estObject(operand), 'in')) return compileIs(left, entityType);
  return compileIsIn(left, entityType, compileExpression(estField(operand, 'in'), depth));
}

/** An extension function, or one of the methods on extension values: a list of arguments. */
function compileCall(name: string, operands: readonly unknown[], depth: number): Expression {
  const [first, second] = operands;
  const unary = UNARY_FUNCTIONS.get(name);
  if (unary !== undefined && operands.length === 1) {
    return unaryExpression(compileExpression(first, depth), unary);
  }
  const binary = BINARY_FUNCTIONS.get(name);
  if (binary !== undefined && operands.length === 2) {
    const left = compileExpression(first, depth);
    return binaryExpression(left, compileExpression(second, depth), binary);
  }
  throw new OutsideSubset(`\`${name}\` is not compiled`);
}
