/** Bodies of every route that takes one: valid ones with a few things wrong. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FUZZ_TIMEOUT_MS, fuzzAsync } from '../fuzz-run.ts';
import { bearer, Door, LOG_TAIL_BYTES_MAX } from './door.ts';
import { type Json, mutatedJson } from './json-mutations.ts';
import { intentIds, intents } from './valid-intents.ts';

const BATCH = 40;
const RUNS = 90;
const DIGEST = `sha256:${'0a'.repeat(32)}`;

let door: Door;
beforeAll(async () => {
  door = await Door.open();
});
afterAll(() => door.close());

const agents = fc.constantFrom('billing-bot', 'crm-bot', 'stranger');
const outcomes: fc.Arbitrary<Json> = fc.record(
  {
    status: fc.constantFrom('ok', 'error', 'cancelled', 'unknown'),
    cost: fc.constant({ microUsd: 3 }),
    durationMs: fc.nat(),
    resultDigest: fc.constant(DIGEST),
    error: fc.constant('connection reset'),
    agent: agents,
  },
  { requiredKeys: ['status', 'agent'] },
);

const halts: fc.Arbitrary<Json> = fc.record(
  {
    scope: fc.constantFrom<Json>(
      { fleet: true },
      { group: 'finance' },
      { agent: 'crm-bot' },
      { tool: 'crm.*' },
      { agent: 'crm-bot', tool: 'crm.read' },
    ),
    mode: fc.constantFrom('pause', 'drain', 'kill'),
    reason: fc.constant('it loops'),
    for: fc.constantFrom('10s', '7d', '1ms', '9999999d', '999999999d'),
  },
  { requiredKeys: ['scope', 'mode'] },
);

const files: fc.Arbitrary<Json> = fc.constantFrom<Json>(
  { 'agents.yaml': 'agents:\n  a-bot: { owner: dana@example.com }\n' },
  { 'tools.yaml': 'tools: { t: { tier: moon } }', 'policies/a.cedar': 'permit(' },
  { '../../etc/passwd': 'x', '/etc/passwd': 'x', 'agents.yaml': '&a [*a]' },
  { 'limits.yaml': 'budgets:\n  - { id: b, unit: calls, ceiling: 1e99, window: day }' },
);

const reasons: fc.Arbitrary<Json> = fc.constantFrom({ reason: 'over' }, {});

interface Call {
  readonly method: string;
  readonly target: string;
  readonly text: string;
}

function call(method: string, targets: fc.Arbitrary<string>, body: fc.Arbitrary<Json>) {
  return fc.record<Call>({ method: fc.constant(method), target: targets, text: mutatedJson(body) });
}

const intentTargets = fc.constantFrom(
  '/v1/intents?agent=billing-bot',
  '/v1/intents',
  '/v1/intents?wait=1s',
);
const calls: fc.Arbitrary<Call> = fc.oneof(
  { weight: 8, arbitrary: call('POST', intentTargets, intents) },
  {
    weight: 3,
    arbitrary: call(
      'POST',
      intentIds.map((id) => `/v1/intents/${id}/outcome`),
      outcomes,
    ),
  },
  { weight: 2, arbitrary: call('POST', fc.constant('/v1/halts'), halts) },
  { weight: 1, arbitrary: call('POST', fc.constant('/v1/halts/none/lift'), reasons) },
  {
    weight: 2,
    arbitrary: call(
      'POST',
      intentIds.map((id) => `/v1/approvals/crm-bot:${id}`),
      fc.record<Readonly<Record<string, Json>>>({
        decision: fc.constantFrom('approve', 'reject'),
        digest: fc.constant(DIGEST),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: call(
      'POST',
      fc
        .tuple(agents, fc.constantFrom('suspend', 'resume'))
        .map(([id, verb]) => `/v1/agents/${id}/${verb}`),
      reasons,
    ),
  },
  {
    weight: 1,
    arbitrary: call(
      'POST',
      agents.map((id) => `/v1/agents/${id}/credentials`),
      // Valid only with edits: each one that is issued stays.
      fc.constantFrom<Json>(
        { kind: 'api-keys' },
        { kind: 'ed25519' },
        { kind: 'ed25519', publicKey: 'A' },
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: call(
      'POST',
      fc.constant('/v1/people/abe@example.com/credentials'),
      fc.constant({ kind: '' }),
    ),
  },
  {
    weight: 2,
    arbitrary: call(
      'POST',
      fc
        .constantFrom('calls', 'finance-spend', 'none')
        .map((id) => `/v1/agents/billing-bot/budgets/${id}`),
      fc.constantFrom<Json>(
        { ceiling: 1_000_000, reason: 'r' },
        { raiseBy: 1, reason: 'r' },
        { raiseBy: 3_999_999_999_999_999, reason: 'r' },
        { ceiling: 1, raiseBy: 1, reason: 'r' },
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: call(
      'POST',
      fc.constant('/v1/fleet/check'),
      files.map((some) => ({ files: some })),
    ),
  },
  {
    weight: 1,
    // Seldom valid: to put the fleet back takes its time.
    arbitrary: call(
      'PUT',
      fc.constant('/v1/fleet'),
      files.map((some) => ({ files: some, never: 1 })),
    ),
  },
);

const contentTypes = fc.oneof(
  { weight: 20, arbitrary: fc.constant('application/json') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'application/json; charset=utf-8',
      'APPLICATION/JSON',
      'application/json;charset=utf-16',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'text/plain',
      'application/x-ndjson',
      'multipart/form-data',
      'application/json, text/html',
      'application/',
      '__proto__',
      'a'.repeat(2_000),
    ),
  },
);

interface Body extends Call {
  readonly contentType: string;
  readonly encoding: 'utf8' | 'utf16le' | 'latin1';
  /** Bytes cut off the end, and a byte put in: nothing of both mostly. */
  readonly cut: number;
  readonly stray: number | null;
}

const bodies: fc.Arbitrary<Body> = fc
  .tuple(
    calls,
    contentTypes,
    fc.oneof(
      { weight: 30, arbitrary: fc.constant('utf8' as const) },
      { weight: 1, arbitrary: fc.constantFrom('utf16le' as const, 'latin1' as const) },
    ),
    fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(20) }),
    fc.oneof({ weight: 20, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(255) }),
  )
  .map(([one, contentType, encoding, cut, stray]) => ({
    ...one,
    contentType,
    encoding,
    cut,
    stray,
  }));

function bytesOf({ text, encoding, cut, stray }: Body): Buffer {
  const bytes = Buffer.from(text, encoding);
  const kept = bytes.subarray(0, Math.max(0, bytes.length - cut));
  if (stray === null) return kept;
  const middle = Math.floor(kept.length / 2);
  return Buffer.concat([kept.subarray(0, middle), Buffer.from([stray]), kept.subarray(middle)]);
}

describe('whatever a body says', () => {
  it('is taken, or refused with a documented code, and the next one is served', {
    timeout: FUZZ_TIMEOUT_MS,
  }, async () => {
    const heapGrowthBytesMax = LOG_TAIL_BYTES_MAX;
    const batches = fc.array(bodies, { minLength: BATCH, maxLength: BATCH });
    await fuzzAsync(
      batches,
      { runs: RUNS, inputsPerRun: BATCH, heapGrowthBytesMax },
      async (batch) => {
        await Promise.all(
          batch.map((body) =>
            door.knock({
              method: body.method,
              target: body.target,
              headers: { ...bearer(door.bench.operatorKey), 'content-type': body.contentType },
              body: bytesOf(body),
            }),
          ),
        );
        await door.expectUnharmed();
      },
    );
    expect(door.share('200', '201', '204')).toBeGreaterThan(0.1);
    expect(door.share('malformed', 'invalid-request')).toBeGreaterThan(0.2);
    // The log is there: no halt waits for it.
    expect(door.share('202')).toBe(0);
    const others = ['intent-conflict', 'conflict', 'fleet-invalid', 'unsupported-media-type'];
    for (const code of [...others, 'not-found']) {
      expect(door.share(code), code).toBeGreaterThan(0.001);
    }
  });
});
