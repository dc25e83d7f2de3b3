/** Signatures of agents that write to Kafka themselves, under their registered public keys. */
import { verifySignature } from '@estop/log/link';
import type { StoredRecord } from '@estop/log/port';
import type { AgentId } from '@estop/schemas/ids';
import type { InputContext } from './inputs.ts';

const HEADER = 'estop-signature';

/** Whether the record carries a valid signature of this agent: `kid.signature`, base64url. */
export function isSignedByAgent(
  context: Pick<InputContext, 'state' | 'fleet'>,
  stored: StoredRecord,
  agentId: AgentId,
): boolean {
  const header = stored.headers[HEADER];
  if (header === undefined) return false;
  const publicKey = publicKeyOf(context, agentId, header.slice(0, header.lastIndexOf('.')));
  return publicKey !== undefined && verifySignature(stored, publicKey);
}

function publicKeyOf(
  { state, fleet }: Pick<InputContext, 'state' | 'fleet'>,
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
