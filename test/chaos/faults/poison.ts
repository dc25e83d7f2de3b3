/** Records on intents.v1 that no agent of ours would write, by a program that is not ours. */
import { randomBytes } from 'node:crypto';
import { builtInSchemaId } from '@estop/log/schema-ids';
import { TOPIC_SCHEMAS } from '@estop/schemas/avro';
import { createCodec } from '@estop/schemas/codec';
import type { Intent } from '@estop/schemas/messages';
import { AGENTS } from '../fleet.ts';
import type { Random } from '../random.ts';
import { kafkaClient, POISON_HEADER } from '../read-history.ts';
import type { FaultKind } from './fault.ts';

const ADDED_MAX = 8;

export const poison: FaultKind = {
  name: 'poison messages',
  sign: null,
  holdMs: { min: 100, max: 500 },
  share: 4,
  isLight: true,
  make({ cluster }, random) {
    const messages = Array.from({ length: random.whole(1, ADDED_MAX) }, () => ({
      key: random.pick(AGENTS),
      value: poisonous(random),
      headers: { [POISON_HEADER]: 'true' },
    }));
    return {
      on: `intents.v1, ${messages.length} records`,
      async inject() {
        const producer = kafkaClient(cluster.bootstrap).producer({ retry: { retries: 12 } });
        await producer.connect();
        await producer.send({ topic: 'intents.v1', acks: -1, messages });
        await producer.disconnect();
      },
      heal: async () => undefined,
    };
  },
};

function poisonous(random: Random): Buffer | null {
  const good = intentBytes(`forged-${random.whole(0, 1_000_000)}`, random.pick(AGENTS));
  return random.pick([
    randomBytes(random.whole(1, 400)),
    // Unsigned, though every byte is right.
    good,
    // A schema nobody knows.
    Buffer.concat([Buffer.from([0, 0, 1, 2, 3]), good.subarray(5)]),
    good.subarray(0, good.length - 3),
    Buffer.concat([good.subarray(0, 5), randomBytes(40)]),
    Buffer.alloc(0),
    null,
  ]);
}

function intentBytes(intentId: string, agentId: string): Buffer {
  const intent = {
    ...{ intentId, agentId, sessionId: null, tool: 'crm.read', arguments: '{}', reason: null },
    ...{
      task: null,
      tokens: null,
      microUsd: null,
      provenance: {},
      undo: null,
      proposedBy: null,
      point: null,
    },
  };
  const codec = createCodec('intents.v1', builtInSchemaId(TOPIC_SCHEMAS['intents.v1']));
  return Buffer.from(codec.encode(intent as unknown as Intent));
}
