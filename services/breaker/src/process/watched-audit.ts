/** Reads of an audit record what the watch looks at: half of what decoding all of it takes. */
import { TOPIC_SCHEMAS } from '@estop/schemas/avro';
import { projectionOf } from '@estop/schemas/projection';
import type {
  WatchedAudit,
  WatchedEvent,
  WatchedOutcome,
  WatchedProposal,
} from '../domain/watch/watched-event.ts';

type KeysOf<Union> = Union extends unknown ? keyof Union : never;

const FIELDS: ReadonlySet<string> = new Set<
  keyof WatchedAudit | KeysOf<WatchedEvent> | keyof WatchedProposal['intent'] | keyof WatchedOutcome
>([
  ...(['at', 'subject', 'policyHash', 'events'] as const),
  ...(['intent', 'intentId', 'tool', 'sessionId', 'digest', 'tier', 'targets'] as const),
  ...(['reason', 'from', 'to', 'cause', 'commandId'] as const),
  ...(['outcome', 'status', 'microUsd', 'tokens', 'durationMs', 'resultDigest'] as const),
]);

/** For `Codec.reader` of audit.v1: a `WatchedAudit`. */
export const WATCHED_AUDIT = projectionOf(TOPIC_SCHEMAS['audit.v1'], FIELDS);
