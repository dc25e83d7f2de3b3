/**
 * Messages of the topics that the policy service takes its inputs from: valid ones that concern
 * each other, and such as fit the schema and make no sense.
 */
import type { MessageOf } from '@estop/schemas/message-of';
import type { CommandBody } from '@estop/schemas/messages';
import fc from 'fast-check';

export type InputTopic = 'intents.v1' | 'outcomes.v1' | 'commands.v1';

/** A message and the topic and key it belongs to. */
export interface Message {
  readonly topic: InputTopic;
  readonly key: string;
  readonly message: MessageOf[InputTopic];
}

/** Avro longs are exact below this. */
const NUMBER_MAX = Number.MAX_SAFE_INTEGER - 1;
const AMOUNTS = [0, 1, 1, 2, 5, 20, 100, -1, 2 ** 31, 2 ** 40, NUMBER_MAX - 1, NUMBER_MAX];
const amount = fc.constantFrom(...AMOUNTS, -NUMBER_MAX);
const optional = fc.option(amount, { freq: 2 });

const ABSURD_TEXTS = [
  '',
  '__proto__',
  'constructor',
  '\0',
  '../..',
  'a/b',
  'person:',
  'limit:calls',
  '\u202ea',
  '\ufeff',
  '💥'.repeat(200),
  'x'.repeat(5_000),
];
/** Mostly one of these; now and then a text that is none. */
function words(...valid: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...valid) },
    { weight: 1, arbitrary: fc.constantFrom(...ABSURD_TEXTS) },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  );
}

const DANA = 'dana@example.com';
const agentId = words('billing-bot', 'ops-bot', 'ops-bot', 'bot-2');
const intentId = words(...Array.from({ length: 8 }, (_, n) => `i${n}`));
const personId = words(DANA, 'erin@example.com', 'vic@example.com', 'x');
const tool = words('crm.read', 'crm.update', 'crm.delete', 'payments.send', 'other');
const limitId = words(
  'own-spend',
  'own-calls',
  'all-calls',
  'shared-spend',
  'shared-rate',
  'calls',
);
const text = fc.option(words('because', 'a task'), { freq: 3 });

const DEEP = 3_000;
const ARGUMENTS = [
  '{}',
  '{"id":"c-1"}',
  '{"id":"c-1","name":"x"}',
  '{"amountMicroUsd":5,"to":"a"}',
  '{"amountMicroUsd":9007199254740993,"to":"a"}',
  '{"amountMicroUsd":-1,"to":"a"}',
  '{"amountMicroUsd":1e400,"to":"a"}',
  '{"id":"\\ud800"}',
  '{"id":{"__entity":{"type":"Agent","id":"x"}}}',
  '{"__proto__":{"id":"x"}}',
  '{"id":"a","id":"b"}',
  '[]',
  'null',
  '',
  '{',
  'NaN',
  `{"id":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`,
  `{"id":${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}}`,
  `{"id":"${'x'.repeat(20_000)}"}`,
];
const args = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...ARGUMENTS.slice(0, 4)) },
  { weight: 3, arbitrary: fc.constantFrom(...ARGUMENTS) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
);
const provenance = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.dictionary(
      fc.constantFrom('/id', '/to', '', '/~2', '//', '/__proto__', '/a'.repeat(300)),
      fc.constantFrom('user', 'tool', 'model', 'nobody', ''),
      { maxKeys: 3 },
    ),
  },
);

const intents = fc
  .record({
    intentId,
    agentId,
    sessionId: fc.option(words('s1', 's2')),
    tool,
    arguments: args,
    reason: text,
    task: text,
    tokens: optional,
    microUsd: optional,
    provenance,
    undo: fc.option(fc.record({ tool, arguments: args }), { freq: 2 }),
    proposedBy: fc.option(personId, { freq: 2 }),
    point: fc.option(fc.string({ maxLength: 40 }), { freq: 2 }),
  })
  .map((message) => ({ topic: 'intents.v1', key: message.agentId, message }) as Message);

const outcomes = fc
  .record({
    intentId,
    agentId,
    status: fc.constantFrom('ok', 'error', 'cancelled', 'unknown'),
    tokens: optional,
    microUsd: optional,
    durationMs: optional,
    resultDigest: text,
    error: text,
    reportedBy: agentId,
  })
  .map((message) => ({ topic: 'outcomes.v1', key: message.agentId, message }) as Message);

/** The digest that approves is known only to who proposed; the harness puts it in for this one. */
export const KNOWN_DIGEST = 'sha256:known';
const digest = words(KNOWN_DIGEST, `sha256:${'0'.repeat(64)}`);
const credentialId = words('k1', 'k2');

const orders = fc.oneof(
  fc.record({ type: fc.constantFrom('Approve', 'Reject'), intentId, digest }),
  fc.record({ type: fc.constantFrom('Suspend', 'Resume', 'RearmBreaker') }),
  fc.record({
    type: fc.constant('TripBreaker'),
    mode: fc.constantFrom('open', 'step-up'),
    until: optional,
    signal: fc.string({ maxLength: 140 }),
    explanation: fc.string({ maxLength: 1_100 }),
    evidence: text,
    proposesKill: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('ReportHalt'),
    haltId: words('h1', 'h2'),
    epoch: amount,
    points: fc.integer({ min: -1, max: 3 }),
    confirmed: fc.integer({ min: -1, max: 3 }),
    confirmedInMs: optional,
    silent: fc.integer({ min: -1, max: 3 }),
    fencedInMs: optional,
  }),
  fc.record({ type: fc.constant('SetCeiling'), budgetId: limitId, ceiling: amount }),
  fc.record({ type: fc.constant('RaiseCeiling'), budgetId: limitId, raiseBy: amount }),
  fc.record({
    type: fc.constant('IssueCredential'),
    credentialId,
    kind: fc.constantFrom('api-key', 'ed25519'),
    secretHash: fc.option(words('ab'.repeat(32)), { freq: 3 }),
    publicKey: fc.option(words('A'.repeat(43)), { freq: 2 }),
  }),
  fc.record({ type: fc.constant('RevokeCredential'), credentialId }),
) as fc.Arbitrary<CommandBody>;

const orderCommands = fc
  .record({
    commandId: words(...Array.from({ length: 40 }, (_, n) => `c${n}`)),
    subject: words('billing-bot', 'ops-bot', `person:${DANA}`, 'limit:all-calls', 'limit:calls'),
    by: fc.oneof(personId, words('service:breaker', 'service:gateway')),
    reason: text,
    body: orders,
  })
  .map((message) => ({ topic: 'commands.v1', key: message.subject, message }) as Message);

const sequence = fc.constantFrom(1, 1, 2, 3, 0, -1, NUMBER_MAX);
const partition = fc.constantFrom(0, 0, 0, 1, -1, 2 ** 31 - 1);
const windowStart = fc.constantFrom(0, 0, -1, 1_768_446_000_000, NUMBER_MAX);
const limit = { kind: fc.constantFrom('budget', 'rate'), limitId, windowStart };

const slices = fc.oneof(
  fc.record({
    type: fc.constant('RequestSlice'),
    ask: fc.record({
      ...limit,
      windowMs: fc.constantFrom(0, 60_000, -1, NUMBER_MAX),
      partition,
      sequence,
      need: amount,
      least: amount,
      returned: amount,
      uses: fc.array(fc.record({ bucket: amount, calls: amount }), { maxLength: 3 }),
      answersRecall: fc.boolean(),
    }),
  }),
  fc.record({
    type: fc.constant('GrantSlice'),
    answer: fc.record({
      ...limit,
      partition,
      sequence,
      amount,
      free: amount,
      dryUntil: fc.option(amount),
    }),
  }),
  fc.record({ type: fc.constant('RecallSlice'), ...limit, partition, requester: partition }),
  fc.record({ type: fc.constant('OfferSlice'), ...limit, partition }),
);

const sliceCommands = fc
  .tuple(slices, words('service:policy', 'service:policy', DANA), fc.nat(40))
  .map(([body, by, n]) => {
    const { limitId: id } = 'ask' in body ? body.ask : 'answer' in body ? body.answer : body;
    const subject = `limit:${id}`;
    const message = { commandId: `slice-${n}`, subject, by, reason: null, body };
    return { topic: 'commands.v1', key: subject, message } as unknown as Message;
  });

export const messages: fc.Arbitrary<Message> = fc.oneof(
  { weight: 5, arbitrary: intents },
  { weight: 2, arbitrary: outcomes },
  { weight: 3, arbitrary: orderCommands },
  { weight: 2, arbitrary: sliceCommands },
);
