/** From bytes to messages. Every schema id is read as the newest schema: one version runs at a time. */
import { type Codec, createCodec, schemaIdOf } from '@estop/schemas/codec';
import type { MessageOf } from '@estop/schemas/message-of';
import type { CheckedTopic, RawRecord } from './history.ts';

export interface Decoded<Message> {
  readonly at: RawRecord;
  readonly message: Message;
}

export interface DecodedTopic<Message> {
  readonly good: readonly Decoded<Message>[];
  /** What is no message of the topic. */
  readonly bad: readonly RawRecord[];
}

export function decodeTopic<T extends CheckedTopic>(
  topic: T,
  records: readonly RawRecord[],
): DecodedTopic<MessageOf[T]> {
  const decode = createDecoder(topic);
  const good: Decoded<MessageOf[T]>[] = [];
  const bad: RawRecord[] = [];
  for (const at of records) {
    const message = decode(at.value);
    if (message === undefined) bad.push(at);
    else good.push({ at, message });
  }
  return { good, bad };
}

/** Answers undefined for what is no message of the topic. */
export function createDecoder<T extends CheckedTopic>(
  topic: T,
): (value: Buffer | null) => MessageOf[T] | undefined {
  const codecById = new Map<number, Codec<MessageOf[T]>>();
  return (value) => {
    const id = value === null ? undefined : schemaIdOf(value);
    if (value === null || id === undefined) return undefined;
    const codec = codecById.get(id) ?? createCodec(topic, id);
    codecById.set(id, codec);
    try {
      return codec.decode(value);
    } catch {
      return undefined;
    }
  };
}
