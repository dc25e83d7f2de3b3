/** Policy scopes: which action a policy is filed under, and which entities it speaks of. */
import { uidsEqual } from './equality.ts';
import { estArray, estEntityUid, estField, estObject, estString, OutsideSubset } from './est.ts';
import type { Evaluate, Expression, SharedExpressions } from './expression.ts';
import { isEntityIn } from './request.ts';
import type { CedarEntity, EntityUid } from './values.ts';

/** The actions a policy speaks of: all, or those that are or lie in one of `uids`. */
export type ActionScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'in'; readonly uids: readonly EntityUid[] }
  | { readonly kind: 'equals'; readonly uid: EntityUid };

/**
 * The test of a scope's condition on principal or resource, undefined where there is none. It
 * never fails: a scope matches or not. Slots (templates) are outside the subset.
 */
export function compileEntityScope(
  variable: 'principal' | 'resource',
  scope: unknown,
  shared: SharedExpressions,
): Evaluate | undefined {
  const matches = entityTest(scope);
  if (matches === undefined) return undefined;
  const make = (): Expression => ({ evaluate: (request) => matches(request[variable]) });
  return shared.share(variable, scope, make).evaluate;
}

type EntityTest = (entity: CedarEntity) => boolean;

function entityTest(scope: unknown): EntityTest | undefined {
  switch (estField(scope, 'op')) {
    case 'All':
      return undefined;
    case '==': {
      const uid = scopeEntity(scope);
      return (entity) => uidsEqual(entity.uid, uid);
    }
    case 'in': {
      const ancestor = scopeEntity(scope);
      return (entity) => isEntityIn(entity, ancestor);
    }
    case 'is':
      return typeTest(scope);
    default:
      throw new OutsideSubset('a scope of this kind is not compiled');
  }
}

function typeTest(scope: unknown): EntityTest {
  const type = estString(estField(scope, 'entity_type'));
  if (!Object.hasOwn(estObject(scope), 'in')) return (entity) => entity.uid.type === type;
  const ancestor = scopeEntity(estField(scope, 'in'));
  return (entity) => entity.uid.type === type && isEntityIn(entity, ancestor);
}

export function compileActionScope(scope: unknown): ActionScope {
  switch (estField(scope, 'op')) {
    case 'All':
      return { kind: 'all' };
    case '==':
      return { kind: 'equals', uid: scopeEntity(scope) };
    case 'in':
      return { kind: 'in', uids: scopeEntities(scope) };
    default:
      throw new OutsideSubset('a scope of this kind is not compiled');
  }
}

export function matchesActionScope(scope: ActionScope, action: CedarEntity): boolean {
  switch (scope.kind) {
    case 'all':
      return true;
    case 'equals':
      return uidsEqual(scope.uid, action.uid);
    case 'in':
      return scope.uids.some((uid) => isEntityIn(action, uid));
  }
}

/** The entities an action scope names. */
export function actionsNamed(scope: ActionScope): readonly EntityUid[] {
  if (scope.kind === 'all') return [];
  return scope.kind === 'equals' ? [scope.uid] : scope.uids;
}

function scopeEntity(scope: unknown): EntityUid {
  if (!Object.hasOwn(estObject(scope), 'entity')) throw new OutsideSubset('a slot is not compiled');
  return estEntityUid(estField(scope, 'entity'));
}

function scopeEntities(scope: unknown): readonly EntityUid[] {
  return Object.hasOwn(estObject(scope), 'entities')
    ? estArray(estField(scope, 'entities')).map(estEntityUid)
    : [scopeEntity(scope)];
}
