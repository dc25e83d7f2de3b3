/** From an Authorization header to a principal. Every failure looks the same from outside. */
import type { FleetPerson } from '@estop/policy/domain/fleet';
import { LOCAL_OPERATOR } from '@estop/policy/domain/people';
import { credentialIdOfKey, isKeyOf } from '@estop/schemas/api-key';
import { parseAgentId, parsePersonId, parseSubject } from '@estop/schemas/ids';
import { ProblemError } from '../problems.ts';
import type { AgentTable } from '../read-models/agent-table.ts';
import type { FleetState } from '../read-models/fleet-state.ts';
import type { Claimed, JwtVerifier } from './jwt.ts';
import type { Principal } from './principal.ts';

const BEARER = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i;
/** Compared when a key names no credential, so that this takes as long as any other failure. */
const NO_HASH = '0'.repeat(64);

export interface AuthenticatorDeps {
  readonly agents: AgentTable;
  readonly fleet: FleetState;
  readonly operatorKeyHash: string | null;
  readonly verifyJwt: JwtVerifier | null;
}

export class Authenticator {
  readonly #deps: AuthenticatorDeps;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
  }

  /**
   * The principal; undefined when the credential proves nothing. Only a JWT takes a promise: API
   * keys are checked at once. Throws ProblemError `forbidden` for a person without a role.
   */
  authenticate(header: string | undefined): Principal | undefined | Promise<Principal | undefined> {
    const token = header === undefined ? undefined : BEARER.exec(header)?.[1];
    if (token === undefined) return undefined;
    const credentialId = credentialIdOfKey(token);
    if (credentialId !== undefined) return this.#byKey(token, credentialId);
    const { verifyJwt } = this.#deps;
    if (verifyJwt === null) return undefined;
    return verifyJwt(token).then((claimed) => this.#byClaim(claimed));
  }

  #byKey(key: string, credentialId: string): Principal | undefined {
    const { agents, operatorKeyHash } = this.#deps;
    const known = agents.credential(credentialId);
    if (!isKeyOf(key, known?.secretHash ?? operatorKeyHash ?? NO_HASH)) return undefined;
    if (known === undefined) {
      return operatorKeyHash === null ? undefined : { kind: 'person', person: LOCAL_OPERATOR };
    }
    const subject = parseSubject(known.subject);
    if (subject === undefined) return undefined;
    if (subject.kind === 'agent') return { kind: 'agent', agentId: subject.id };
    return { kind: 'person', person: this.#person(subject.id) };
  }

  #byClaim(claimed: Claimed | undefined): Principal | undefined {
    if (claimed === undefined) return undefined;
    if (claimed.kind === 'person') {
      const id = parsePersonId(claimed.id);
      // The built-in operator has a key and nothing else.
      if (id === undefined || id === LOCAL_OPERATOR.id) return undefined;
      return { kind: 'person', person: this.#person(id) };
    }
    const agentId = parseAgentId(claimed.id);
    return agentId === undefined ? undefined : { kind: 'agent', agentId };
  }

  #person(id: string): FleetPerson {
    const person = this.#deps.fleet.person(id);
    if (person !== undefined) return person;
    throw new ProblemError('forbidden', `${id} is not in people.yaml of the active fleet`);
  }
}
