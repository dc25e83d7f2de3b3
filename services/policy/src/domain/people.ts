/** Who may order what. */
import { type PersonId, parsePersonId } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';
import type { Fleet, FleetPerson, Role } from './fleet.ts';

const RANKS: Readonly<Record<Role, number>> = { viewer: 0, approver: 1, operator: 2, admin: 3 };

/** Who gives orders that no person gives. */
export const POLICY_SERVICE = 'service:policy';
/** Who trips breakers, besides operators. */
export const BREAKER_SERVICE = 'service:breaker';
/** Who reports how a halt arrived, besides the person who said it. */
export const GATEWAY_SERVICE = 'service:gateway';

/** The holder of an embedded deployment's key: an admin who stands in no people.yaml. */
export const LOCAL_OPERATOR: FleetPerson = {
  id: localOperatorId(),
  role: 'admin',
  groups: [],
};

/** The person as the fleet knows them; undefined: a stranger, who may do nothing. */
export function personOf(fleet: Fleet | null, id: string): FleetPerson | undefined {
  if (id === LOCAL_OPERATOR.id) return LOCAL_OPERATOR;
  const personId = parsePersonId(id);
  return personId === undefined ? undefined : fleet?.personById.get(personId);
}

export function hasRole(person: FleetPerson, least: Role): boolean {
  return RANKS[person.role] >= RANKS[least];
}

function localOperatorId(): PersonId {
  const id = parsePersonId('operator@local');
  invariant(id !== undefined, 'the local operator has a valid id');
  return id;
}
