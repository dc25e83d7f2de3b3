/** What is asked of a policy set, and the small part of Cedar's entity store it brings along. */
import { uidsEqual } from './equality.ts';
import type { CedarEntity, CedarRecord, EntityUid } from './values.ts';

/**
 * One question. `context` may hold getters as own properties: they run only when a policy asks,
 * and must not evaluate policies themselves.
 * Principal and resource are different entities, or say the same about one.
 * To ask again under other circumstances, assign the context's property and evaluate again.
 */
export interface CedarRequest {
  readonly principal: CedarEntity;
  /** The id of the action; its type and groups are fixed when the policies are compiled. */
  readonly action: string;
  readonly resource: CedarEntity;
  readonly context: CedarRecord;
}

/** The entity a reference stands for, or undefined when the request says nothing about it. */
export function entityOf(
  uid: EntityUid,
  request: CedarRequest,
  action: CedarEntity,
): CedarEntity | undefined {
  if (isKnown(request.principal) && uidsEqual(uid, request.principal.uid)) return request.principal;
  if (isKnown(request.resource) && uidsEqual(uid, request.resource.uid)) return request.resource;
  return uidsEqual(uid, action.uid) ? action : undefined;
}

/** An entity with neither attributes nor parents is a bare reference: it does not exist. */
export function isKnown(entity: CedarEntity): boolean {
  return entity.attributes !== undefined || entity.parents !== undefined;
}

/** `entity in ancestor` where the entity is at hand: itself, or one of its ancestors. */
export function isEntityIn(entity: CedarEntity, ancestor: EntityUid): boolean {
  if (uidsEqual(entity.uid, ancestor)) return true;
  const parents = entity.parents;
  if (parents === undefined) return false;
  for (const parent of parents) if (uidsEqual(parent, ancestor)) return true;
  return false;
}
