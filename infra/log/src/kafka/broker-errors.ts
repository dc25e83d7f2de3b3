/** What an error of Kafka means for what was asked: ask again, elsewhere, or give up. */
import { EstopError, messageOf } from '@estop/schemas/errors';
import protocolErrors from 'kafkajs/src/protocol/error.js';

export const NO_ERROR = 0;

/** The error of a code in an answer; `type` is Kafka's own name of it. */
export function brokerError(code: number): Error & { readonly type: string } {
  return protocolErrors.createErrorFromCode(code);
}

/** Kafka's name of the error, or undefined when it came from elsewhere. */
export function brokerErrorType(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('type' in error && typeof error.type === 'string') return error.type;
  // kafkajs wraps what its retriers gave up on.
  return error.cause === undefined ? undefined : brokerErrorType(error.cause);
}

/** The broker is not the leader any more, or not yet, or has no leader to name. */
const STALE_LEADER: ReadonlySet<string> = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'KAFKA_STORAGE_ERROR',
  'LISTENER_NOT_FOUND',
]);

const TRANSIENT: ReadonlySet<string> = new Set([
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'OFFSET_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'UNKNOWN',
]);

export function isStaleLeader(error: unknown): boolean {
  const type = brokerErrorType(error);
  return type !== undefined && STALE_LEADER.has(type);
}

/** Whether asking again may help. What is no answer of a broker is trouble on the way to it. */
export function isTransient(error: unknown): boolean {
  if (error instanceof EstopError) return false;
  const type = brokerErrorType(error);
  if (type === undefined) return !isProgrammerError(error) && !isRefusedLogin(error);
  return STALE_LEADER.has(type) || TRANSIENT.has(type);
}

function isProgrammerError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError;
}

function isRefusedLogin(error: unknown): boolean {
  return error instanceof Error && error.name === 'KafkaJSSASLAuthenticationError';
}

/** As the port names it: an EstopError stays, anything else is `log-unavailable`. */
export function asUnavailable(error: unknown, doing: string): EstopError {
  if (error instanceof EstopError) return error;
  return new EstopError('log-unavailable', `${doing}: ${messageOf(error)}`, { cause: error });
}
