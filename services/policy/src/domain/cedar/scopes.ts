/** Policy scopes: which action a policy is filed under, and which entities it speaks of. */
import { uidsEqual } from './equality.ts';
import { estArray, estEntityUid, estField, estObject, estString, OutsideSubset } from './est.ts';
import { isEntityIn } from './request.ts';
import type { CedarEntity, EntityUid } from './values.ts';

/** The condition on principal or resource. A scope never fails: it matches or not. */
export interface EntityScope {
  readonly equals: EntityUid | undefined;
  readonly type: string | undefined;
  readonly ancestor: EntityUid | undefined;
}

/** The actions a policy speaks of: all, or those that are or lie in one of `uids`. */
export type ActionScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'in'; readonly uids: readonly EntityUid[] }
  | { readonly kind: 'equals'; readonly uid: EntityUid };

/** Undefined where there is no condition at all. Slots (templates) are outside the subset. */
export function compileEntityScope(scope: unknown): EntityScope | undefined {
  switch (estField(scope, 'op')) {
    case 'All':
      return undefined;
    case '==':
      return { equals: scopeEntity(scope), type: undefined, ancestor: undefined };
    case 'in':
      return { equals: undefined, type: undefined, ancestor: scopeEntity(scope) };
    case 'is':
      return {
        equals: undefined,
        type: estString(estField(scope, 'entity_type')),
        ancestor: Object.hasOwn(estObject(scope), 'in')
          ? scopeEntity(estField(scope, 'in'))
          : undefined,
      };
    default:
      throw new OutsideSubset('a scope of this kind is not compiled');
  }
}

export function matchesScope(scope: EntityScope | undefined, entity: CedarEntity): boolean {
  if (scope === undefined) return true;
  if (scope.equals !== undefined) return uidsEqual(scope.equals, entity.uid);
  if (scope.type !== undefined && scope.type !== entity.uid.type) return false;
  return scope.ancestor === undefined || isEntityIn(entity, scope.ancestor);
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
