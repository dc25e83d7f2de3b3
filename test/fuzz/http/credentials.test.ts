/** Authorization headers, API keys and JWTs: who is let in, and how all others are refused. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, assert, beforeAll, describe, expect, it } from 'vitest';
import { FUZZ_TIMEOUT_MS, fuzzAsync } from '../fuzz-run.ts';
import { Door, LOG_TAIL_BYTES_MAX } from './door.ts';

const ISSUER = 'https://issuer.example';
const BATCH = 50;
const RUNS = 100;
const INTENT = Buffer.from(JSON.stringify({ id: 'known', tool: 'crm.read', arguments: {} }));

const es256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed25519 = generateKeyPairSync('ed25519');
const rs256 = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

let door: Door;
let issuer: Server;
beforeAll(async () => {
  const keys = [
    { ...es256.publicKey.export({ format: 'jwk' }), kid: 'es', alg: 'ES256' },
    { ...ed25519.publicKey.export({ format: 'jwk' }), kid: 'ed' },
    { ...rs256.publicKey.export({ format: 'jwk' }), kid: 'rs', alg: 'RS256' },
  ];
  issuer = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => {
    issuer.listen(0, '127.0.0.1', resolve);
  });
  const { port } = issuer.address() as AddressInfo;
  const jwksUrl = `http://127.0.0.1:${port}/jwks`;
  door = await Door.open({ jwt: { issuer: ISSUER, jwksUrl, audience: 'estop' } });
});
afterAll(async () => {
  await door.close();
  issuer.close();
});

type Signer = (text: Buffer) => Buffer;
const SIGNERS: Readonly<Record<string, Signer>> = {
  es: (text) => sign('sha256', text, { key: es256.privateKey, dsaEncoding: 'ieee-p1363' }),
  ed: (text) => sign(null, text, ed25519.privateKey),
  rs: (text) => sign('sha256', text, rs256.privateKey),
  stranger: (text) => sign('sha256', text, { key: stranger.privateKey, dsaEncoding: 'ieee-p1363' }),
  der: (text) => sign('sha256', text, es256.privateKey),
  nobody: () => Buffer.alloc(0),
  zeros: () => Buffer.alloc(64),
  // What a verifier that lets the token choose would take: the public key as a shared secret.
  shared: (text) => createHmac('sha256', pemOf(es256.publicKey)).update(text).digest(),
};

function pemOf(key: KeyObject): string | Buffer {
  return key.export({ type: 'spki', format: 'pem' });
}

/** A header and its signer that belong together, or do not. */
interface Proof {
  readonly header: unknown;
  readonly signer: string;
  readonly isGood: boolean;
}

const GOOD_PROOFS: readonly Proof[] = [
  { header: { alg: 'ES256', kid: 'es' }, signer: 'es', isGood: true },
  { header: { alg: 'EdDSA', kid: 'ed' }, signer: 'ed', isGood: true },
  { header: { alg: 'RS256', kid: 'rs', typ: 'JWT' }, signer: 'rs', isGood: true },
];
const BAD_HEADERS: readonly unknown[] = [
  { alg: 'none' },
  { alg: 'none', kid: 'es' },
  { alg: 'NONE' },
  { alg: 'HS256', kid: 'es' },
  { alg: 'RS256', kid: 'es' },
  { alg: 'ES384', kid: 'es' },
  { alg: 'PS256', kid: 'es' },
  { alg: 'ES256', kid: 'unknown' },
  { alg: 'ES256', kid: '../../dev/null' },
  { alg: 'ES256', kid: 'ed' },
  { alg: 'ES256', kid: 'es', crit: ['exp'] },
  { alg: 'ES256', kid: 'es', crit: ['b64'], b64: false },
  { alg: 'ES256', kid: 'es', crit: 'exp' },
  { alg: 'ECDH-ES', enc: 'A256GCM', kid: 'es' },
  { alg: ['ES256'], kid: 'es' },
  { alg: 5, kid: 'es' },
  { alg: null },
  { kid: 'es' },
  {},
  [],
  null,
  'ES256',
  5,
];
const proofs: fc.Arbitrary<Proof> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...GOOD_PROOFS) },
  {
    weight: 1,
    arbitrary: fc.record({
      header: fc.constantFrom(...BAD_HEADERS),
      signer: fc.constantFrom(...Object.keys(SIGNERS)),
      isGood: fc.constant(false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      header: fc.constantFrom<unknown>(
        { alg: 'ES256', kid: 'es' },
        // The token brings its own key.
        { alg: 'ES256', kid: 'es', jwk: stranger.publicKey.export({ format: 'jwk' }) },
        { alg: 'ES256', kid: 'es', jku: 'http://127.0.0.1:9/jwks', x5u: 'http://127.0.0.1:9/x' },
      ),
      signer: fc.constantFrom('ed', 'rs', 'stranger', 'der', 'nobody', 'zeros', 'shared'),
      isGood: fc.constant(false),
    }),
  },
);

interface Claim {
  readonly value: unknown;
  readonly isGood: boolean;
}

function claim(good: readonly unknown[], bad: readonly unknown[]): fc.Arbitrary<Claim> {
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc.constantFrom(...good).map((value) => ({ value, isGood: true })),
    },
    { weight: 1, arbitrary: fc.constantFrom(...bad).map((value) => ({ value, isGood: false })) },
  );
}

const NO_TEXTS = [5, true, null, {}, [], ['billing-bot'], ['agent'], ['estop-not']];
const NOW_S = Math.floor(Date.now() / 1_000);
/** A person of the name of an agent, who is in no fleet. */
const NO_PEOPLE = Array.from({ length: 6 }, () => 'person');
/** Far from the 30 s of clock skew, so that the time this test takes does not matter. */
const HOUR_S = 3_600;

const claims = fc.record<Record<string, Claim>>({
  iss: claim([ISSUER], [undefined, 'https://other.example', `${ISSUER}/`, '', ...NO_TEXTS]),
  aud: claim(['estop', ['other', 'estop']], [undefined, 'other', 'ESTOP', '', ...NO_TEXTS]),
  exp: claim(
    [NOW_S + HOUR_S, NOW_S + HOUR_S + 0.5],
    [undefined, NOW_S - 120, 0, -1, `${NOW_S + HOUR_S}`, 'soon', true, null, {}, []],
  ),
  nbf: claim(
    [undefined, NOW_S - HOUR_S, 0, NOW_S + 5],
    [NOW_S + HOUR_S, `${NOW_S}`, 'soon', true, null, {}, []],
  ),
  iat: claim([undefined, NOW_S], ['soon', true, null, {}, []]),
  sub: claim(
    ['billing-bot', 'crm-bot'],
    [undefined, '', ' ', 'a b', '../x', '__proto__', 'x'.repeat(200), 'é', ...NO_TEXTS],
  ),
  estop_kind: claim(['agent'], [...NO_PEOPLE, undefined, 'admin', 'AGENT', '', ...NO_TEXTS]),
  estop_agent: claim([undefined, 'billing-bot'], ['', 'a b', 'x'.repeat(200), ...NO_TEXTS]),
});

interface Damage {
  readonly kind: 'none' | 'cut' | 'change' | 'segment' | 'huge' | 'space';
  readonly at: number;
}

const PLACES = 1_000;
const damages: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Damage>({ kind: 'none', at: 0 }) },
  {
    weight: 1,
    arbitrary: fc.record<Damage>({
      kind: fc.constantFrom('cut', 'change', 'segment', 'huge', 'space'),
      at: fc.nat(PLACES - 1),
    }),
  },
);

function damaged(text: string, { kind, at }: Damage): string {
  // Not the last character: some of its bits say nothing.
  const place = Math.floor((at / PLACES) * (text.length - 1));
  const other = text[place] === 'A' ? 'B' : 'A';
  switch (kind) {
    case 'none':
      return text;
    case 'cut':
      return text.slice(0, place);
    case 'change':
      return text.slice(0, place) + other + text.slice(place + 1);
    case 'segment':
      return `${text}.${text.slice(0, 10)}`;
    case 'huge':
      return text + 'A'.repeat(9_000);
    case 'space':
      return `${text.slice(0, place)} ${text.slice(place)}`;
  }
}

interface Credential {
  readonly header: string;
  /** Whether it proves who somebody is. */
  readonly isGood: boolean;
}

const tokens: fc.Arbitrary<Credential> = fc
  .tuple(proofs, claims, damages)
  .map(([proof, said, damage]) => {
    const payload = Object.entries(said).map(([name, { value }]) => [name, value] as const);
    const text = `${part(proof.header)}.${part(Object.fromEntries(payload))}`;
    const signature = SIGNERS[proof.signer]?.(Buffer.from(text)).toString('base64url');
    const areGood = Object.entries(said).every(([name, one]) => isFine(name, one, said));
    return {
      header: `Bearer ${damaged(`${text}.${signature}`, damage)}`,
      isGood: proof.isGood && areGood && damage.kind === 'none',
    };
  });

/** With `estop_agent` the subject may be any text, and the kind may be left out. */
function isFine(name: string, { value, isGood }: Claim, said: Record<string, Claim>): boolean {
  if (isGood || typeof said['estop_agent']?.value !== 'string') return isGood;
  if (name === 'sub') return typeof value === 'string';
  return name === 'estop_kind' && value !== 'person';
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const strangeTokens = fc.oneof(
  fc
    .string({ unit: 'binary-ascii', maxLength: 60 })
    .map((text) => text.replaceAll(/[^ -~\t]/g, '?')),
  fc
    .array(fc.json({ maxDepth: 2 }), { minLength: 2, maxLength: 5 })
    .map((some) => some.map((text) => Buffer.from(text).toString('base64url')).join('.')),
  fc.constantFrom(
    '',
    '.',
    '..',
    '...',
    'null',
    'e30.e30.',
    'e30..',
    'estop_',
    'estop__',
    'a'.repeat(14_000),
  ),
);

const schemes = fc.oneof(
  { weight: 6, arbitrary: fc.constant('Bearer ') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', 'Bearer', 'Basic ', 'Bearer Bearer ', 'Token ', 'Bearer\t\t'),
  },
);

/** Keys of agents, whole or damaged, or with the secret of another. */
function keyCredentials(): fc.Arbitrary<Credential> {
  const cut = door.agentKey.lastIndexOf('_');
  const [id, secret] = [door.agentKey.slice(0, 18), door.agentKey.slice(18)];
  const swapped = id + door.viewerKey.slice(18);
  const others = [swapped, door.viewerKey.slice(0, 18) + secret, `${door.agentKey.slice(0, cut)}_`];
  return fc.oneof(
    {
      weight: 3,
      arbitrary: damages.map((damage) => ({
        header: `Bearer ${damaged(door.agentKey, damage)}`,
        isGood: damage.kind === 'none',
      })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...others, door.agentKey.toUpperCase()).map((key) => ({
        header: `Bearer ${key}`,
        isGood: false,
      })),
    },
  );
}

describe('whatever credential comes', () => {
  it('lets in who is proven, and refuses all others alike', {
    timeout: FUZZ_TIMEOUT_MS,
  }, async () => {
    const credentials = fc.oneof(
      { weight: 6, arbitrary: tokens },
      { weight: 3, arbitrary: keyCredentials() },
      {
        weight: 2,
        arbitrary: fc
          .tuple(schemes, strangeTokens)
          .map(([scheme, token]) => ({ header: scheme + token, isGood: false })),
      },
    );
    // Most come from addresses of their own: too many failures of one are answered 429.
    const addresses = fc.oneof(
      { weight: 4, arbitrary: fc.ipV4() },
      { weight: 1, arbitrary: fc.constant('192.0.2.1') },
    );
    const batches = fc.array(fc.tuple(credentials, addresses), {
      minLength: BATCH,
      maxLength: BATCH,
    });
    const options = { runs: RUNS, inputsPerRun: BATCH, heapGrowthBytesMax: LOG_TAIL_BYTES_MAX };
    await fuzzAsync(batches, options, async (batch) => {
      await Promise.all(
        batch.map(async ([{ header, isGood }, address]) => {
          const what = await door.knock({
            method: 'POST',
            target: '/v1/intents',
            headers: { authorization: header, 'content-type': 'application/json' },
            body: INTENT,
            address,
          });
          const expected = isGood ? ['200'] : ['unauthenticated', 'too-many-failures', 'forbidden'];
          assert(expected.includes(what), `${what} to ${header}`);
        }),
      );
      await door.expectUnharmed();
    });
    expect(door.share('200')).toBeGreaterThan(0.1);
    expect(door.share('unauthenticated')).toBeGreaterThan(0.1);
    expect(door.share('forbidden')).toBeGreaterThan(0);
    expect(door.share('too-many-failures')).toBeGreaterThan(0);
  });
});
