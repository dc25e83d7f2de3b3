/**
 * One permit checked: signature, then each binding, with the keys at hand. The rival of the same run is
 * Node's own Ed25519 over the same bytes, and nothing else.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { PERMIT_ISSUER, PERMIT_TYPE, type PermitUse } from '@estop/edge/domain/permit';
import { checkWith } from '@estop/edge/permit-check';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';

const WARM_UP = 5_000;
const CHECKS = 20_000;

interface CheckLatency {
  readonly p50Us: number;
  readonly p99Us: number;
}

export interface PermitCheckRows {
  readonly estop: CheckLatency;
  readonly bareEd25519: CheckLatency;
  readonly p50Ratio: number;
}

export async function benchPermitCheck(): Promise<PermitCheckRows> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA', use: 'sig' };
  const permit = await new SignJWT(CLAIMS)
    .setProtectedHeader({ alg: 'EdDSA', typ: PERMIT_TYPE, kid: 'k1' })
    .sign(privateKey);
  const check = checkWith(createLocalJWKSet({ keys: [jwk] }));
  const estop = await measure(async () => {
    const checked = await check(permit, USE);
    if (!checked.ok) throw new Error(`refused: ${checked.flaw}`);
  });
  const bareEd25519 = await measure(
    bareCheck(permit, createPublicKey({ key: jwk, format: 'jwk' })),
  );
  return { estop, bareEd25519, p50Ratio: estop.p50Us / bareEd25519.p50Us };
}

/** One after the other, as calls come to a door. */
async function measure(check: () => Promise<void>): Promise<CheckLatency> {
  for (let warm = 0; warm < WARM_UP; warm += 1) await check();
  const timesUs: number[] = [];
  for (let count = 0; count < CHECKS; count += 1) {
    const startMs = performance.now();
    await check();
    timesUs.push((performance.now() - startMs) * 1_000);
  }
  timesUs.sort((one, other) => one - other);
  const at = (share: number) => timesUs[Math.ceil(CHECKS * share) - 1] ?? Number.NaN;
  return { p50Us: at(0.5), p99Us: at(0.99) };
}

function bareCheck(permit: string, key: KeyObject): () => Promise<void> {
  const end = permit.lastIndexOf('.');
  const bytes = Buffer.from(permit.slice(0, end));
  const signature = Buffer.from(permit.slice(end + 1), 'base64url');
  return async () => {
    if (!verify(null, bytes, key, signature)) throw new Error('refused');
  };
}

const USE: PermitUse = {
  agentId: 'agent-1',
  tool: 'crm.delete',
  digest: `sha256:${'0'.repeat(64)}`,
  point: 'door',
  nowMs: 1_768_446_000_000,
};

const CLAIMS = {
  iss: PERMIT_ISSUER,
  sub: USE.agentId,
  aud: USE.point,
  jti: `${USE.agentId} ${'1'.repeat(36)}`,
  iat: USE.nowMs / 1_000,
  exp: USE.nowMs / 1_000 + 5,
  intent: '1'.repeat(36),
  tool: USE.tool,
  tier: 'destructive',
  digest: USE.digest,
  groups: ['finance'],
  epochs: { fleet: 3, 'agent:agent-1': 2 },
  record: { partition: 3, offset: 123_456 },
  spendUntil: USE.nowMs + 65_000,
  decidedAt: USE.nowMs,
};

if (process.argv[1] === import.meta.filename) console.log(await benchPermitCheck());
