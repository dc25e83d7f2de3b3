/** Whatever bytes stand in audit.v1: readers count what is void, and fold what is valid alike. */
import { MemoryLog } from '@estop/log/memory-log';
import { CHAIN_START, readChain } from '@estop/log/run/chain-reader';
import { ChainWriter } from '@estop/log/run/chain-writer';
import { createRebuild } from '@estop/policy/domain/rebuild';
import { EstopError } from '@estop/schemas/errors';
import type { Intent } from '@estop/schemas/messages';
import fc from 'fast-check';
import { assert, beforeAll, describe, expect, it } from 'vitest';
import { type ByteMutation, byteMutations, mutateBytes } from './byte-mutations.ts';
import { FUZZ_TIMEOUT_MS, fuzzAsync } from './fuzz-run.ts';

const RUNS = 2_000;
const RECORDS = 12;

interface Edit {
  readonly at: number;
  readonly kind: 'mutate' | 'insert' | 'repeat' | 'remove' | 'swap';
  readonly bytes: readonly ByteMutation[];
}

const edits = fc.array(
  fc.record<Edit>({
    at: fc.nat(RECORDS - 1),
    kind: fc.constantFrom('mutate', 'insert', 'repeat', 'remove', 'swap'),
    bytes: byteMutations,
  }),
  { minLength: 1, maxLength: 3 },
);

let values: readonly Buffer[];
beforeAll(async () => {
  values = await chainOf(RECORDS);
});

/** The bytes of a chain of allowed intents. */
async function chainOf(count: number): Promise<readonly Buffer[]> {
  const log = new MemoryLog({ partitions: 1 });
  const writer = new ChainWriter(log, { partition: 0, writer: 'w', position: CHAIN_START });
  for (let index = 0; index < count; index += 1) {
    const intentId = `i${index}` as Intent['intentId'];
    const intent = { intentId, agentId: 'bot', tool: 'crm.read', arguments: '{}', ...NOTHING };
    writer.link({
      cause: { topic: 'intents.v1', partition: 0, offset: index },
      at: 1_768_446_000_000 + index,
      subject: 'bot' as never,
      policyHash: null,
      events: [
        {
          type: 'IntentProposed',
          intent: intent as unknown as Intent,
          digest: `sha256:${index}`,
          tier: 'read',
          tokens: 0,
          microUsd: 0,
          targets: ['a'],
        },
        { type: 'IntentAllowed', intentId, reason: 'permitted', ...ALLOWED },
      ],
    });
  }
  await writer.commit([]).proven;
  const { records } = await log.read('audit.v1', 0, { fromOffset: 0, maxRecords: count });
  return records.map(({ value }) => value ?? Buffer.alloc(0));
}

const NOTHING = { sessionId: null, reason: null, task: null, tokens: null, microUsd: null };
const ALLOWED = { rules: ['r'], held: [], rates: [], holdUntil: 0, released: [] };

function edited(all: readonly Edit[]): readonly Buffer[] {
  const stored = [...values];
  for (const { at, kind, bytes } of all) {
    const own = stored[at] ?? Buffer.alloc(0);
    if (kind === 'mutate') stored[at] = mutateBytes(own, bytes);
    if (kind === 'insert') stored.splice(at, 0, mutateBytes(own, bytes));
    if (kind === 'repeat') stored.splice(at, 0, own);
    if (kind === 'remove') stored.splice(at, 1);
    if (kind === 'swap') stored.splice(at, 2, stored[at + 1] ?? own, own);
  }
  return stored;
}

/** Wire header, number and hash of the one before: what the chain rule looks at. */
const LINK_BYTES = 5 + 1 + 32;

/** How many of the own records the rule takes, and whether a changed one comes behind them. */
function validIn(stored: readonly Buffer[]): { intact: number; isChanged: boolean } {
  let intact = 0;
  for (const value of stored) {
    const own = values[intact];
    if (own?.equals(value) === true) intact += 1;
    else if (own?.subarray(5, LINK_BYTES).equals(value.subarray(5, LINK_BYTES)) === true) {
      // Nothing extends what was changed.
      return { intact, isChanged: true };
    }
  }
  return { intact, isChanged: false };
}

type Read = { readonly valid: number; readonly voidRecords: number; readonly text: string };

/** What a reader makes of it; refused: a record of the chain cannot be decoded. */
async function readStored(stored: readonly Buffer[]): Promise<Read | 'refused'> {
  const log = new MemoryLog({ partitions: 1 });
  await append(log, stored);
  const rebuild = createRebuild(0);
  try {
    const { head, voidRecords } = await readChain(log, 0, {
      // Void records in between move the offsets: those are not part of the comparison.
      onRecord: ({ record }) => rebuild.apply(record, record.seq),
    });
    return { valid: head.seq + 1, voidRecords, text: rebuild.text() };
  } catch (error) {
    if (!(error instanceof EstopError)) throw error;
    assert.include(['value-malformed', 'schema-unknown'], error.code);
    return 'refused';
  }
}

/** The state of the first records of the untouched chain. */
async function stateOf(count: number): Promise<string> {
  const read = await readStored(values.slice(0, count));
  return read === 'refused' ? read : read.text;
}

async function append(log: MemoryLog, all: readonly Buffer[]): Promise<void> {
  if (all.length === 0) return;
  await log.append(
    'audit.v1',
    0,
    all.map((value) => ({ key: 'bot', value })),
  );
}

describe('whatever bytes stand in the audit', () => {
  it('are valid as far as the chain goes, and void or refused from there', {
    timeout: FUZZ_TIMEOUT_MS,
  }, async () => {
    const prefixes = await Promise.all(
      Array.from({ length: RECORDS + 1 }, (_, count) => stateOf(count)),
    );
    const seen = { whole: 0, cut: 0, refused: 0 };
    await fuzzAsync(edits, { runs: RUNS }, async (all) => {
      const stored = edited(all);
      const found = await readStored(stored);
      if (found === 'refused') {
        seen.refused += 1;
        return;
      }
      const { intact, isChanged } = validIn(stored);
      assert.equal(found.valid + found.voidRecords, stored.length);
      assert.equal(found.valid, intact + (isChanged ? 1 : 0));
      if (!isChanged) assert.equal(found.text, prefixes[intact]);
      seen[found.valid === RECORDS ? 'whole' : 'cut'] += 1;
    });
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RUNS / 50);
  });
});
