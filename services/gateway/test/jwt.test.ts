import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, intentOf, startBench } from './harness.ts';

const ISSUER = 'https://issuer.example';

let bench: Bench;
let issuer: Server;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;

beforeAll(async () => {
  keys = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'ES256' };
  issuer = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => {
    issuer.listen(0, '127.0.0.1', resolve);
  });
  const { port } = issuer.address() as AddressInfo;
  const jwksUrl = `http://127.0.0.1:${port}/jwks`;
  bench = await startBench({ jwt: { issuer: ISSUER, jwksUrl, audience: 'estop' } });
});
afterAll(async () => {
  await bench.close();
  issuer.close();
});

interface TokenOptions {
  readonly issuer?: string;
  readonly audience?: string;
  readonly expiresAtS?: number;
  readonly key?: Parameters<SignJWT['sign']>[0];
  readonly alg?: string;
}

function token(claims: JWTPayload, options: TokenOptions = {}): Promise<string> {
  const nowS = Math.floor(Date.now() / 1_000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: options.alg ?? 'ES256', kid: 'k1' })
    .setIssuer(options.issuer ?? ISSUER)
    .setAudience(options.audience ?? 'estop')
    .setExpirationTime(options.expiresAtS ?? nowS + 60)
    .sign(options.key ?? keys.privateKey);
}

const propose = async (jwt: string, id: string) =>
  bench.send('POST', '/v1/intents', { key: jwt, body: intentOf(id) });

it('takes a token that says it is an agent, by sub or by estop_agent', async () => {
  const bySub = await token({ sub: 'billing-bot', estop_kind: 'agent' });
  expect((await propose(bySub, 'j-1')).body.decision).toBe('allow');
  const byClaim = await token({ sub: 'service-account-7', estop_agent: 'crm-bot' });
  expect((await propose(byClaim, 'j-2')).body.decision).toBe('allow');
});

it('gives a person the role that the fleet gives them', async () => {
  const operator = await token({ sub: 'olga@example.com', estop_kind: 'person' });
  expect((await bench.send('POST', '/v1/agents/crm-bot/suspend', { key: operator })).status).toBe(
    200,
  );
  const viewer = await token({ sub: 'vera@example.com', estop_kind: 'person' });
  expect((await bench.send('POST', '/v1/agents/crm-bot/resume', { key: viewer })).status).toBe(403);
  const stranger = await token({ sub: 'eve@example.com', estop_kind: 'person' });
  expect((await bench.send('GET', '/v1/agents', { key: stranger })).status).toBe(403);
});

it.each([
  ['says neither agent nor person', async () => token({ sub: 'billing-bot' })],
  ['has no subject', async () => token({ estop_kind: 'agent' })],
  [
    'has a list as its subject',
    async () => token({ sub: ['billing-bot'] as never, estop_kind: 'agent' }),
  ],
  ['has a number as its subject', async () => token({ sub: 7 as never, estop_kind: 'agent' })],
  ['names an agent by a list', async () => token({ ...AGENT, estop_agent: ['billing-bot'] })],
  ['is of another issuer', async () => token(AGENT, { issuer: 'https://other.example' })],
  ['is for another audience', async () => token(AGENT, { audience: 'other' })],
  ['has run out', async () => token(AGENT, { expiresAtS: Math.floor(Date.now() / 1_000) - 120 })],
  [
    'is signed with another key',
    async () => token(AGENT, { key: (await generateKeyPair('ES256')).privateKey }),
  ],
  [
    'is signed with a shared secret',
    async () => token(AGENT, { alg: 'HS256', key: new Uint8Array(32) }),
  ],
  [
    'claims the built-in operator',
    async () => token({ sub: 'operator@local', estop_kind: 'person' }),
  ],
])('refuses a token that %s', async (_name, make) => {
  const answer = await propose(await make(), 'j-no');
  expect([answer.status, answer.body.code]).toEqual([401, 'unauthenticated']);
});

const AGENT: JWTPayload = { sub: 'billing-bot', estop_kind: 'agent' };

it('answers 503 when the keys of the issuer cannot be had', async () => {
  const jwt = { issuer: ISSUER, jwksUrl: 'http://127.0.0.1:9/jwks', audience: 'estop' };
  const other = await startBench({ jwt });
  const answer = await other.send('GET', '/v1/agents', { key: await token(AGENT) });
  expect([answer.status, answer.body.code]).toEqual([503, 'issuer-unavailable']);
  await other.close();
});
