/**
 * What a service is among the others, as data: services/README.md is generated from it, and the
 * compose file and the access rights in Kafka are held against it.
 */
import type { Topic } from '@estop/schemas/topics';
import type { VariableName } from './variables.ts';

export interface TopicUse {
  readonly topic: Topic;
  /** What for; completes `reads …: …`. */
  readonly purpose: string;
}

export interface Topology<Name extends VariableName = VariableName> {
  /** Its folder under services, and its name on the command line and in the compose file. */
  readonly service: string;
  /** What it is for, in a line without a full stop. */
  readonly summary: string;
  /** A service is a container; a command runs and ends; a library lives in other processes. */
  readonly runs: 'service' | 'command' | 'library';
  readonly reads: readonly TopicUse[];
  readonly writes: readonly TopicUse[];
  /** Services that it asks over HTTP. */
  readonly calls: readonly string[];
  /** Where it listens; null for a program that serves nobody. */
  readonly http: { readonly portVariable: VariableName; readonly serves: string } | null;
  /** Every environment variable that it reads. */
  readonly variables: readonly Name[];
}

/** Checks the shape of a topology and keeps the exact names of its variables. */
export function defineTopology<const Name extends VariableName>(
  topology: Topology<Name>,
): Topology<Name> {
  return topology;
}
