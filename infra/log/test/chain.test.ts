import { extendsChain, GENESIS, headAfter } from '@estop/log/chain';
import { createCodec } from '@estop/schemas/codec';
import type { AuditRecord } from '@estop/schemas/messages';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const codec = createCodec('audit.v1', 6);

function auditValue(seq: number, prev: Buffer): Buffer {
  const record: AuditRecord = {
    seq,
    prev,
    writer: 'w',
    cause: { topic: 'tick', partition: 0, offset: -1 },
    at: 1,
    subject: null,
    policyHash: null,
    events: [{ type: 'AgentSuspended' }],
  };
  return codec.encode(record);
}

describe('the chain rule', () => {
  it('accepts the successor that names the hash of the last valid record', () => {
    const first = auditValue(0, GENESIS.hash);
    expect(extendsChain(GENESIS, first)).toBe(true);
    const head = headAfter(GENESIS, first);
    expect(extendsChain(head, auditValue(1, head.hash))).toBe(true);
  });

  it('calls void whatever has another number, another predecessor, or no record in it', () => {
    const head = headAfter(GENESIS, auditValue(0, GENESIS.hash));
    expect(extendsChain(head, auditValue(2, head.hash))).toBe(false);
    expect(extendsChain(head, auditValue(1, GENESIS.hash))).toBe(false);
    expect(extendsChain(head, null)).toBe(false);
  });

  it('reads the number of every record that the codec writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (seq) => {
        const head = { seq: seq - 1, hash: GENESIS.hash };
        expect(extendsChain(head, auditValue(seq, head.hash))).toBe(true);
      }),
    );
  });

  it('calls any other bytes void', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(extendsChain({ seq: 4, hash: Buffer.alloc(32, 9) }, Buffer.from(bytes))).toBe(false);
      }),
    );
  });
});
