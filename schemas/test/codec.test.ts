import { AUDIT_HEADING, type AuditHeading } from '@estop/schemas/audit-heading';
import { TOPIC_SCHEMAS } from '@estop/schemas/avro';
import { createCodec, schemaIdOf } from '@estop/schemas/codec';
import type { AuditRecord, Command, Intent } from '@estop/schemas/messages';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const intent = {
  intentId: 'i1',
  agentId: 'billing-bot',
  sessionId: null,
  tool: 'payments.send',
  arguments: '{"amountMicroUsd":5}',
  reason: 'ünïcode',
  task: null,
  tokens: 7,
  microUsd: 5,
  provenance: { '/to': 'tool' },
  undo: { tool: 'payments.cancel', arguments: '{}' },
  proposedBy: null,
  point: null,
} as unknown as Intent;

const record = {
  seq: 4,
  prev: Buffer.alloc(32, 7),
  writer: 'w',
  cause: { topic: 'intents.v1', partition: 1, offset: 9 },
  at: 1_768_446_000_000,
  subject: 'billing-bot',
  policyHash: null,
  events: [
    {
      type: 'IntentProposed',
      intent,
      digest: 'sha256:x',
      tier: 'financial',
      tokens: 0,
      microUsd: 5,
      targets: ['t'],
    },
    {
      type: 'IntentDenied',
      intentId: 'i1',
      reason: 'not-permitted',
      message: 'm',
      rules: ['r'],
      retryAfterMs: null,
      released: [],
    },
  ],
} as unknown as AuditRecord;

describe('a codec', () => {
  it('gives back what was encoded, with its hyphens and its union types', () => {
    const codec = createCodec('audit.v1', 6);
    expect(codec.decode(codec.encode(record))).toEqual(record);
  });

  it('reads what tells whether a record matters, and passes over all else', () => {
    const codec = createCodec('audit.v1', 6);
    const heading = codec.reader<AuditHeading>(AUDIT_HEADING)(codec.encode(record));
    expect(heading).toEqual({
      cause: { topic: 'intents.v1', offset: 9 },
      at: 1_768_446_000_000,
      subject: 'billing-bot',
      events: [{ type: 'IntentProposed' }, { type: 'IntentDenied', released: [] }],
    });
  });

  it('reads a part of what an earlier schema has written', () => {
    const codec = createCodec('audit.v1', 6);
    const read = codec.reader<AuditHeading>(AUDIT_HEADING);
    codec.learn(5, TOPIC_SCHEMAS['audit.v1']);
    const older = Buffer.from(createCodec('audit.v1', 5).encode(record));
    expect(read(older).subject).toBe('billing-bot');
    older.writeInt32BE(4, 1);
    expect(() => read(older)).toThrow(expect.objectContaining({ code: 'schema-unknown' }));
    expect(() => read(older.subarray(0, 3))).toThrow(
      expect.objectContaining({ code: 'value-malformed' }),
    );
  });

  it.each([
    ['more items than there are bytes', '808080808040'],
    ['items of a negative length, over and over', '0401'],
  ])('refuses bytes that claim %s, at once', (_what, count) => {
    const codec = createCodec('intents.v1', 3);
    const bytes = codec.encode({ ...intent, provenance: {}, undo: null });
    // The map is before the last two fields, which are null: 0, and one byte each.
    const claiming = Buffer.concat([bytes.subarray(0, -3), Buffer.from(count, 'hex')]);
    expect(() => codec.decode(claiming)).toThrow(
      expect.objectContaining({ code: 'value-malformed' }),
    );
  });

  it('gives back commands with the type of their body', () => {
    const codec = createCodec('commands.v1', 3);
    const command = {
      commandId: 'c1',
      subject: 'billing-bot',
      by: 'dana@example.com',
      reason: null,
      body: { type: 'RaiseCeiling', budgetId: 'b', raiseBy: 5 },
    } as unknown as Command;
    expect(codec.decode(codec.encode(command))).toEqual(command);
  });

  it('writes the Confluent wire format', () => {
    const bytes = createCodec('intents.v1', 77).encode(intent);
    expect(bytes[0]).toBe(0);
    expect(schemaIdOf(bytes)).toBe(77);
  });

  it('encodes values larger than its scratch buffer', () => {
    const codec = createCodec('intents.v1', 1);
    const large = { ...intent, arguments: JSON.stringify({ text: 'x'.repeat(200_000) }) };
    expect(codec.decode(codec.encode(large))).toEqual(large);
    expect(codec.decode(codec.encode(intent))).toEqual(intent);
  });

  it('reads what an older schema wrote once it has learned it', () => {
    const schema = TOPIC_SCHEMAS['intents.v1'] as { fields: { name: string }[] };
    const older = { ...schema, fields: schema.fields.filter(({ name }) => name !== 'proposedBy') };
    const bytes = createCodec('intents.v1', 1).encode(intent);
    const codec = createCodec('intents.v1', 2);
    expect(() => codec.decode(bytes)).toThrow(/schema id 1 is unknown/);
    codec.learn(1, older);
    // The bytes of the missing field are the single 0 of its null branch, at the end.
    expect(codec.decode(bytes.subarray(0, -1))).toEqual(intent);
  });

  it('refuses to learn a schema that it cannot read', () => {
    const codec = createCodec('intents.v1', 2);
    const foreign = { type: 'record', name: 'Intent', namespace: 'estop.intents', fields: [] };
    expect(() => codec.learn(1, foreign)).toThrow(/cannot be read/);
  });

  it('throws value-malformed or schema-unknown on any bytes, and nothing else', () => {
    const codec = createCodec('commands.v1', 0);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, isFramed) => {
        const input = isFramed ? Buffer.concat([Buffer.alloc(5), bytes]) : bytes;
        try {
          codec.decode(input);
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^(value-malformed|schema-unknown)$/),
          });
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
