/**
 * Who the log is: the cluster's id and the id that Kafka gave the audit topic when it was created,
 * so that a log deleted and made anew is another one. kafkajs speaks Metadata only up to version 6,
 * which has no topic ids; this is version 10, of Kafka 2.8.
 */
import { EstopError } from '@estop/schemas/errors';
import type { Broker } from 'kafkajs/src/cluster/index.js';
import { answered } from './client.ts';
import { type WireReader, WireWriter } from './wire-buffer.ts';
import { METADATA, protocol } from './wire-requests.ts';

const NO_TAGS = 0;
const TOPIC_ID_BYTES = 16;

/** `<cluster id>/<topic id>`; throws `config-invalid` when the topic does not exist. */
export async function readIdentity(broker: Broker, topicName: string): Promise<string> {
  const name = Buffer.from(topicName);
  const writer = new WireWriter(64 + name.length);
  // The request's own tags stand in front: this version has them in its header.
  writer.int8(NO_TAGS);
  writer
    .uvarint(2)
    .bytes(Buffer.alloc(TOPIC_ID_BYTES))
    .uvarint(name.length + 1)
    .bytes(name);
  writer.int8(NO_TAGS);
  // No creation, and no lists of what is allowed.
  writer.int8(0).int8(0).int8(0).int8(NO_TAGS);
  const request = protocol(METADATA, writer, readAnswer);
  const { clusterId, topicId } = await answered(broker, broker.connectionPool.send(request));
  if (topicId !== '') return `${clusterId}/${topicId}`;
  throw new EstopError('config-invalid', `topic ${topicName} does not exist`);
}

function readAnswer(reader: WireReader): { readonly clusterId: string; readonly topicId: string } {
  skipTags(reader);
  reader.int32();
  for (let left = reader.uvarint() - 1; left > 0; left -= 1) {
    reader.int32();
    compactString(reader);
    reader.int32();
    compactString(reader);
    skipTags(reader);
  }
  const clusterId = compactString(reader);
  reader.int32();
  const topics = reader.uvarint() - 1;
  const errorCode = topics > 0 ? reader.int16() : -1;
  if (errorCode !== 0) return { clusterId, topicId: '' };
  compactString(reader);
  return { clusterId, topicId: reader.view(TOPIC_ID_BYTES).toString('base64url') };
}

function compactString(reader: WireReader): string {
  const size = reader.uvarint() - 1;
  return size <= 0 ? '' : reader.text(size);
}

function skipTags(reader: WireReader): void {
  for (let left = reader.uvarint(); left > 0; left -= 1) {
    reader.uvarint();
    reader.skip(reader.uvarint());
  }
}
