/**
 * Cedar policies compiled to closures and filed by action, and their evaluation with exactly
 * Cedar's meaning. What the compiler does not translate is named in `fallback`; requests that can
 * reach such a policy belong to cedar-wasm as a whole.
 */
import { invariant } from '@estop/schemas/invariant';
import { compileExpression } from './compile-expression.ts';
import { type EstPolicy, estArray, estField, OutsideSubset } from './est.ts';
import { asBoolean, type Evaluate, SharedExpressions } from './expression.ts';
import type { CedarRequest } from './request.ts';
import {
  type ActionScope,
  actionsNamed,
  compileActionScope,
  compileEntityScope,
  matchesActionScope,
} from './scopes.ts';
import { type CedarEntity, EntityUid, EvaluationFailure } from './values.ts';

export interface CompileOptions {
  /** All groups of each known action, by the action's id. */
  readonly actionGroups: ReadonlyMap<string, readonly string[]>;
  /** The groups of an action that `actionGroups` does not know; none when absent. */
  readonly unknownActionGroups?: readonly string[];
  /** The entity type of actions and their groups: `Action`, or with a namespace. */
  readonly actionType?: string;
}

export interface PolicyFailure {
  readonly policyId: string;
  readonly message: string;
}

/** Cedar's answer. It skips policies that fail: whoever uses it denies when `errors` has any. */
export interface CedarResult {
  readonly decision: 'allow' | 'deny';
  /** Satisfied permits of an allow, satisfied forbids of a deny; in policy order. */
  readonly determining: readonly string[];
  readonly errors: readonly PolicyFailure[];
}

export interface CompiledPolicySet {
  /** Ids of the policies outside the compiled subset, in policy order. */
  readonly fallback: readonly string[];
  readonly tableByAction: ReadonlyMap<string, ActionTable>;
  readonly tableOfUnknown: (action: string) => ActionTable;
  readonly shared: SharedExpressions;
}

/** Everything a request for one action has to visit. */
export interface ActionTable {
  readonly action: CedarEntity;
  readonly groups: readonly PolicyGroup[];
  /** True when a policy outside the subset can be reached too. */
  readonly needsFallback: boolean;
}

/** Policies that speak of the same principals: a thousand rules ask about a few groups. */
interface PolicyGroup {
  /** Undefined where the scope says nothing. */
  readonly principal: Evaluate | undefined;
  readonly policies: readonly CompiledPolicy[];
}

interface CompiledPolicy {
  readonly id: string;
  /** Place in the policy set. */
  readonly index: number;
  readonly permits: boolean;
  /** The scope's condition on the principal as text: equal for equal conditions. */
  readonly principalText: string;
  /** Undefined where the scope says nothing. */
  readonly principal: Evaluate | undefined;
  readonly resource: Evaluate | undefined;
  /** All conditions in one, or undefined when there are none. */
  readonly condition: Evaluate | undefined;
}

interface FiledPolicy {
  readonly id: string;
  /** Undefined when even the scope could not be read: such a policy may reach every action. */
  readonly action: ActionScope | undefined;
  /** Undefined when outside the compiled subset. */
  readonly compiled: CompiledPolicy | undefined;
}

/** Compiles a checked policy set; total over any input, since what it cannot read falls back. */
export function compilePolicies(
  policies: readonly EstPolicy[],
  options: CompileOptions,
): CompiledPolicySet {
  const shared = new SharedExpressions();
  const filed = policies.map((policy, index) => filePolicy(policy, index, shared));
  const actionType = options.actionType ?? 'Action';
  const unknownGroups = options.unknownActionGroups ?? [];
  const tableOf = (id: string): ActionTable => {
    const groups = options.actionGroups.get(id) ?? unknownGroups;
    return tableFor(filed, actionEntity(actionType, id, groups));
  };
  const ids = new Set(options.actionGroups.keys());
  for (const { action } of filed) {
    for (const uid of action === undefined ? [] : actionsNamed(action)) ids.add(uid.id);
  }
  const unnamed = tableOf(idOutside(ids));
  return {
    fallback: filed.filter(({ compiled }) => compiled === undefined).map(({ id }) => id),
    tableByAction: new Map([...ids].map((id) => [id, tableOf(id)])),
    shared,
    tableOfUnknown: (id) => ({ ...unnamed, action: actionEntity(actionType, id, unknownGroups) }),
  };
}

/** An action id nobody names: it reaches the same policies as any other such id. */
function idOutside(ids: ReadonlySet<string>): string {
  let id = 'unnamed';
  while (ids.has(id)) id += '-';
  return id;
}

/** True when cedar-wasm must answer requests for this action. */
export function needsFallback(set: CompiledPolicySet, action: string): boolean {
  return (set.tableByAction.get(action) ?? set.tableOfUnknown(action)).needsFallback;
}

/** Decides one request. Must not be asked where `needsFallback` says so. */
export function evaluate(set: CompiledPolicySet, request: CedarRequest): CedarResult {
  const table = set.tableByAction.get(request.action) ?? set.tableOfUnknown(request.action);
  invariant(!table.needsFallback, 'a policy outside the compiled subset is never passed over');
  set.shared.startEvaluation();
  const question = { request, action: table.action };
  const found: Found = { permits: [], forbids: [], failed: [] };
  for (const { principal, policies } of table.groups) {
    if (principal !== undefined && principal(request, table.action) === false) continue;
    for (const policy of policies) visit(policy, question, found);
  }
  const { permits, forbids, failed } = found;
  const errors = failuresInOrder(failed);
  if (forbids.length > 0) return { decision: 'deny', determining: idsInOrder(forbids), errors };
  const decision = permits.length > 0 ? 'allow' : 'deny';
  return { decision, determining: idsInOrder(permits), errors };
}

interface Found {
  readonly permits: CompiledPolicy[];
  readonly forbids: CompiledPolicy[];
  readonly failed: FailedPolicy[];
}

interface FailedPolicy {
  readonly policy: CompiledPolicy;
  readonly message: string;
}

function visit(
  policy: CompiledPolicy,
  { request, action }: { readonly request: CedarRequest; readonly action: CedarEntity },
  { permits, forbids, failed }: Found,
): void {
  const outcome = isSatisfied(policy, request, action);
  if (outcome === false) return;
  if (outcome !== true) failed.push({ policy, message: outcome.message });
  else if (policy.permits) permits.push(policy);
  else forbids.push(policy);
}

function idsInOrder(policies: CompiledPolicy[]): readonly string[] {
  if (policies.length > 1) policies.sort((one, other) => one.index - other.index);
  return policies.map(({ id }) => id);
}

function failuresInOrder(failed: FailedPolicy[]): readonly PolicyFailure[] {
  if (failed.length === 0) return NO_FAILURES;
  failed.sort((one, other) => one.policy.index - other.policy.index);
  return failed.map(({ policy, message }) => ({ policyId: policy.id, message }));
}

const NO_FAILURES: readonly PolicyFailure[] = [];

function isSatisfied(
  policy: CompiledPolicy,
  request: CedarRequest,
  action: CedarEntity,
): boolean | EvaluationFailure {
  const { resource, condition } = policy;
  if (resource !== undefined && resource(request, action) === false) return false;
  if (condition === undefined) return true;
  try {
    return asBoolean(condition(request, action));
  } catch (failure) {
    if (failure instanceof EvaluationFailure) return failure;
    throw failure;
  }
}

function filePolicy(policy: EstPolicy, index: number, shared: SharedExpressions): FiledPolicy {
  const { id } = policy;
  let action: ActionScope | undefined;
  try {
    action = compileActionScope(estField(policy.est, 'action'));
    return { id, action, compiled: compilePolicy(policy, index, shared) };
  } catch (error) {
    if (error instanceof OutsideSubset) return { id, action, compiled: undefined };
    throw error;
  }
}

function compilePolicy(
  { id, effect, est }: EstPolicy,
  index: number,
  shared: SharedExpressions,
): CompiledPolicy {
  const principal = estField(est, 'principal');
  return {
    id,
    index,
    permits: effect === 'permit',
    principalText: JSON.stringify(principal),
    principal: compileEntityScope('principal', principal, shared),
    resource: compileEntityScope('resource', estField(est, 'resource'), shared),
    condition: compileConditions(estArray(estField(est, 'conditions')), shared),
  };
}

/** `when` and `unless` clauses are one conjunction, evaluated in order. */
function compileConditions(
  clauses: readonly unknown[],
  shared: SharedExpressions,
): Evaluate | undefined {
  const evaluators = clauses.map((clause) => compileClause(clause, shared));
  return evaluators.reduceRight<Evaluate | undefined>((rest, first) => {
    if (rest === undefined) return first;
    return (request, action) => asBoolean(first(request, action)) && rest(request, action);
  }, undefined);
}

function compileClause(clause: unknown, shared: SharedExpressions): Evaluate {
  const { evaluate: body } = compileExpression(estField(clause, 'body'), shared);
  switch (estField(clause, 'kind')) {
    case 'when':
      return body;
    case 'unless':
      return (request, action) => !asBoolean(body(request, action));
    default:
      throw new OutsideSubset('a condition of this kind is not compiled');
  }
}

function tableFor(filed: readonly FiledPolicy[], action: CedarEntity): ActionTable {
  const reachable = filed.filter(
    (policy) => policy.action === undefined || matchesActionScope(policy.action, action),
  );
  const policies = reachable.flatMap(({ compiled }) => (compiled === undefined ? [] : [compiled]));
  return {
    action,
    groups: groupByPrincipal(policies),
    needsFallback: reachable.some(({ compiled }) => compiled === undefined),
  };
}

function groupByPrincipal(policies: readonly CompiledPolicy[]): readonly PolicyGroup[] {
  const groups = new Map<string, CompiledPolicy[]>();
  for (const policy of policies) {
    const group = groups.get(policy.principalText);
    if (group === undefined) groups.set(policy.principalText, [policy]);
    else group.push(policy);
  }
  return [...groups.values()].map((group) => ({ principal: group[0]?.principal, policies: group }));
}

function actionEntity(type: string, id: string, groups: readonly string[]): CedarEntity {
  return {
    uid: new EntityUid(type, id),
    parents: groups.map((group) => new EntityUid(type, group)),
    attributes: {},
  };
}
