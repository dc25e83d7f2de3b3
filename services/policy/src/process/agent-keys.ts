/** Signatures of agents that write to Kafka themselves, under their registered public keys. */
import { SIGNATURE_HEADER, verifySignature } from '@estop/log/link';
import type { StoredRecord } from '@estop/log/port';
import type { AgentId } from '@estop/schemas/ids';
import type { Fleet } from '../domain/fleet.ts';
import type { PartitionState } from '../domain/state.ts';

/** Where an agent's keys are registered: in the fleet, or as credentials. */
export interface KeyContext {
  readonly state: PartitionState;
  readonly fleet: Fleet | null;
}

/** Whether the record carries a valid signature of this agent: `kid.signature`, base64url. */
export function isSignedByAgent(
  context: KeyContext,
  stored: StoredRecord,
  agentId: AgentId,
): boolean {
  const header = stored.headers[SIGNATURE_HEADER];
  if (header === undefined) return false;
  const publicKey = publicKeyOf(context, agentId, header.slice(0, header.lastIndexOf('.')));
  return publicKey !== undefined && verifySignature(stored, publicKey);
}

function publicKeyOf(
  { state, fleet }: KeyContext,
  agentId: AgentId,
  keyId: string,
): string | undefined {
  const fleetKeys = fleet?.agentById.get(agentId)?.publicKeys ?? {};
  if (Object.hasOwn(fleetKeys, keyId)) return fleetKeys[keyId];
  for (const credential of state.agentById.get(agentId)?.credentialById.values() ?? []) {
    if (credential.credentialId === keyId && credential.kind === 'ed25519') {
      return credential.publicKey ?? undefined;
    }
  }
  return undefined;
}
