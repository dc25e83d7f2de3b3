/**
 * Avro values in the Confluent wire format: byte 0, the schema id as a big-endian int32, the Avro
 * binary. Encoders and decoders are resolved once per schema id, never per message.
 * Format: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/
 */
import avro from 'avsc';
import { TOPIC_SCHEMAS } from './avro.ts';
import { KebabEnum, taggedUnionFields } from './avro-mapping.ts';
import { boundCollections } from './bounded-collections.ts';
import { viewBytes } from './bytes-view.ts';
import { EstopError, messageOf } from './errors.ts';
import type { MessageOf } from './message-of.ts';
import type { Topic } from './topics.ts';

const MAGIC = 0;
const HEADER_BYTES = 5;
const SLAB_BYTES = 64 * 1024;

/** Encodes with one schema; decodes what any schema it has learned has written. */
export interface Codec<Message> {
  /** The schema id that encoded values carry. */
  readonly schemaId: number;
  encode(message: Message): Buffer;
  /** Throws EstopError `value-malformed`, or `schema-unknown` for an id not learned yet. */
  decode(bytes: Uint8Array): Message;
  /**
   * Reads by a schema that names some of the message's fields, and passes over all others; made once
   * for a schema. Throws as `decode` does.
   */
  reader<Part>(schema: object): (bytes: Uint8Array) => Part;
  knows(schemaId: number): boolean;
  /** Learns the schema behind an id; throws EstopError `schema-incompatible`. */
  learn(schemaId: number, schema: object): void;
}

/** The schema id of a value in wire format, or undefined when it is none. */
export function schemaIdOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0] !== MAGIC) return undefined;
  return toBuffer(bytes).readInt32BE(1);
}

/** The codec of a topic whose own schema is registered under `schemaId`. */
export function createCodec<T extends Topic>(topic: T, schemaId: number): Codec<MessageOf[T]> {
  const type = parseSchema(TOPIC_SCHEMAS[topic]);
  const { wrap, unwrap } = taggedUnionFields(topic);
  const writers = new Map([[schemaId, type]]);
  const decode = readerBy<MessageOf[T]>(type);
  const partReaders = new Map<object, (bytes: Uint8Array) => unknown>();
  let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  let used = 0;

  /** Values stand side by side in slabs: fewer and larger allocations, and nothing is copied. */
  function encode(message: MessageOf[T]): Buffer {
    const value = wrap(message);
    let end = encodeAt(used, value);
    while (end < 0) {
      // avsc answers the negated number of bytes that were missing.
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, slab.length - used - end));
      used = 0;
      end = encodeAt(0, value);
    }
    const bytes = slab.subarray(used, end);
    used = end;
    return bytes;
  }

  function encodeAt(start: number, value: unknown): number {
    if (start + HEADER_BYTES > slab.length) return -HEADER_BYTES;
    slab[start] = MAGIC;
    slab.writeInt32BE(schemaId, start + 1);
    return type.encode(value, slab, start + HEADER_BYTES);
  }

  function readerBy<Part>(own: avro.Type): (bytes: Uint8Array) => Part {
    const readById = new Map<number, (payload: Buffer) => unknown>();
    return (bytes) => {
      const id = schemaIdOf(bytes);
      if (id === undefined) throw new EstopError('value-malformed', 'no Confluent wire format');
      const read = readById.get(id) ?? readFrom(id, own);
      readById.set(id, read);
      try {
        return unwrap(read(toBuffer(bytes).subarray(HEADER_BYTES))) as Part;
      } catch (error) {
        throw new EstopError('value-malformed', `${topic}: ${messageOf(error)}`, { cause: error });
      }
    };
  }

  function readFrom(id: number, own: avro.Type): (payload: Buffer) => unknown {
    const writer = writers.get(id);
    if (writer === undefined) throw new EstopError('schema-unknown', `schema id ${id} is unknown`);
    const resolver = own === writer ? undefined : own.createResolver(writer);
    return (payload) => own.fromBuffer(payload, resolver);
  }

  function reader<Part>(schema: object): (bytes: Uint8Array) => Part {
    const known = partReaders.get(schema) ?? readerBy<Part>(parseSchema(schema));
    partReaders.set(schema, known);
    return known as (bytes: Uint8Array) => Part;
  }

  function learn(id: number, schema: object): void {
    if (writers.has(id)) return;
    try {
      const writer = parseSchema(schema);
      // Refused now, not with the first value.
      type.createResolver(writer);
      writers.set(id, writer);
    } catch (error) {
      const text = `${topic}: schema id ${id} cannot be read: ${messageOf(error)}`;
      throw new EstopError('schema-incompatible', text, { cause: error });
    }
  }

  return { schemaId, encode, decode, reader, learn, knows: (id) => writers.has(id) };
}

/** Parses an Avro schema the one way all of estop reads it. */
export function parseSchema(schema: object): avro.Type {
  return avro.Type.forSchema(schema as avro.Schema, {
    wrapUnions: 'auto',
    logicalTypes: { kebab: KebabEnum },
    typeHook: (part, options) => boundCollections(part, options) ?? viewBytes(part),
  });
}

function toBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
