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
  type SharedExpressions,
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

/** What the compilation of one policy set knows, and how deep in an expression it is. */
interface Scope {
  readonly shared: SharedExpressions;
  readonly depth: number;
}

/** Throws `OutsideSubset` for anything this compiler does not translate exactly. */
export function compileExpression(node: unknown, shared: SharedExpressions): Expression {
  return compileNode(node, { shared, depth: 0 });
}

function compileNode(node: unknown, outer: Scope): Expression {
  const scope = { shared: outer.shared, depth: outer.depth + 1 };
  if (scope.depth > EXPRESSION_DEPTH_MAX) {
    throw new OutsideSubset('the expression is nested too deeply');
  }
  const [operator, operand] = estOperator(node);
  if (operator === 'Value' || operator === 'Var') return compileOperator(operator, operand, scope);
  const role = operator === '.' ? 'fact' : 'expression';
  return scope.shared.share(role, node, () => compileOperator(operator, operand, scope));
}

function compileOperator(operator: string, operand: unknown, scope: Scope): Expression {
  const compiler = COMPILERS.get(operator);
  if (compiler !== undefined) return compiler(operand, scope);
  const unary = UNARY_OPERATORS.get(operator);
  if (unary !== undefined) {
    return unaryExpression(compileNode(estField(operand, 'arg'), scope), unary);
  }
  const binary = BINARY_OPERATORS.get(operator);
  if (binary !== undefined) {
    const { left, right } = compileOperands(operand, scope);
    return binaryExpression(left, right, binary);
  }
  return compileCall(operator, estArray(operand), scope);
}

type Compiler = (operand: unknown, scope: Scope) => Expression;

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
    (operand, scope) => {
      const { left, right } = compileOperands(operand, scope);
      return compileAnd(left, right);
    },
  ],
  [
    '||',
    (operand, scope) => {
      const { left, right } = compileOperands(operand, scope);
      return compileOr(left, right);
    },
  ],
  [
    'in',
    (operand, scope) => {
      const { left, right } = compileOperands(operand, scope);
      return compileIn(left, right);
    },
  ],
  [
    '.',
    (operand, scope) =>
      compileAccess(compileLeft(operand, scope), estString(estField(operand, 'attr'))),
  ],
  ['has', (operand, scope) => compileHas(compileLeft(operand, scope), estField(operand, 'attr'))],
]);

function compileLeft(operand: unknown, scope: Scope): Expression {
  return compileNode(estField(operand, 'left'), scope);
}

function compileOperands(
  operand: unknown,
  scope: Scope,
): { readonly left: Expression; readonly right: Expression } {
  return {
    left: compileLeft(operand, scope),
    right: compileNode(estField(operand, 'right'), scope),
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

function compileSet(operand: unknown, scope: Scope): Expression {
  const elements = estArray(operand).map((element) => compileNode(element, scope));
  const constants = elements.flatMap(({ constant }) => (constant === undefined ? [] : [constant]));
  if (constants.length === elements.length) return constantExpression(constantSetOf(constants));
  const evaluators = elements.map(({ evaluate }) => evaluate);
  return {
    evaluate: (request, action) => evaluators.map((evaluate) => evaluate(request, action)),
  };
}

function compileRecord(operand: unknown, scope: Scope): Expression {
  const attributes = Object.entries(estObject(operand)).map(
    ([name, value]): readonly [string, Expression] => [name, compileNode(value, scope)],
  );
  const build: Evaluate = (request, action) =>
    Object.fromEntries(attributes.map(([name, value]) => [name, value.evaluate(request, action)]));
  return { evaluate: build };
}

function compileConditional(operand: unknown, scope: Scope): Expression {
  return compileIf(
    compileNode(estField(operand, 'if'), scope),
    compileNode(estField(operand, 'then'), scope),
    compileNode(estField(operand, 'else'), scope),
  );
}

function compileLike(operand: unknown, scope: Scope): Expression {
  const matches = compilePattern(estField(operand, 'pattern'));
  return unaryExpression(compileLeft(operand, scope), (value) => {
    if (typeof value !== 'string') throw typeFailure('string', value);
    return matches(value);
  });
}

function compileTypeTest(operand: unknown, scope: Scope): Expression {
  const left = compileLeft(operand, scope);
  const entityType = estString(estField(operand, 'entity_type'));
  if (!Object.hasOwn(estObject(operand), 'in')) return compileIs(left, entityType);
  return compileIsIn(left, entityType, compileNode(estField(operand, 'in'), scope));
}

/** An extension function, or one of the methods on extension values: a list of arguments. */
function compileCall(name: string, operands: readonly unknown[], scope: Scope): Expression {
  const [first, second] = operands;
  const unary = UNARY_FUNCTIONS.get(name);
  if (unary !== undefined && operands.length === 1) {
    return unaryExpression(compileNode(first, scope), unary);
  }
  const binary = BINARY_FUNCTIONS.get(name);
  if (binary !== undefined && operands.length === 2) {
    const left = compileNode(first, scope);
    return binaryExpression(left, compileNode(second, scope), binary);
  }
  throw new OutsideSubset(`\`${name}\` is not compiled`);
}
