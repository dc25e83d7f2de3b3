/** What topics are called on the broker: their own names, or behind a prefix. */
import { isTopic, partitionCountOf, TOPICS, type Topic } from '@estop/schemas/topics';

export const ALL_TOPICS: readonly Topic[] = Object.keys(TOPICS).filter((name) => isTopic(name));

export interface TopicNames {
  readonly all: readonly string[];
  of(topic: Topic): string;
  /** Undefined for the topics of others. */
  topicOf(name: string): Topic | undefined;
}

export function topicNames(prefix: string): TopicNames {
  const of = (topic: Topic) => `${prefix}${topic}`;
  const topicByName = new Map(ALL_TOPICS.map((topic) => [of(topic), topic]));
  return { all: [...topicByName.keys()], of, topicOf: (name) => topicByName.get(name) };
}

/** The partition numbers of a topic. */
export function partitionNumbers(topic: Topic, partitions: number): readonly number[] {
  return Array.from({ length: partitionCountOf(topic, partitions) }, (_, partition) => partition);
}
