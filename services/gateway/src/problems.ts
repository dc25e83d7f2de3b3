/**
 * Everything the gateway refuses, in one closed table: what `code` means, its HTTP status, and what
 * the caller does about it. Bodies are RFC 9457 `application/problem+json`.
 */
import { EstopError } from '@estop/schemas/errors';

export const PROBLEMS = {
  malformed: problem(400, 'The request cannot be read', 'send valid JSON in UTF-8'),
  unauthenticated: problem(401, 'No valid credential', 'send `Authorization: Bearer <key or JWT>`'),
  forbidden: problem(403, 'Not permitted', 'ask somebody whose role suffices'),
  'second-person': problem(403, 'This takes a second person', 'ask somebody else to do it'),
  'acting-for-another': problem(403, 'An agent speaks for itself only', 'leave `agent` out'),
  'not-found': problem(404, 'There is no such thing', 'check the path and the id'),
  'method-not-allowed': problem(405, 'The path exists, the method does not', 'see `Allow`'),
  'intent-conflict': problem(409, 'This intent id has other content', 'take a new id'),
  conflict: problem(409, 'The state is another one', 'read it again, then decide'),
  'too-large': problem(413, 'The body is too large', 'send less'),
  'unsupported-media-type': problem(415, 'The body has another type', 'see the content types'),
  'invalid-request': problem(422, 'Valid JSON of the wrong shape', 'correct what `errors` lists'),
  'fleet-invalid': problem(422, 'The fleet has errors', 'correct what `errors` lists'),
  'too-many-pending': problem(429, 'Too many intents of this agent wait', 'wait, then ask again'),
  'too-many-failures': problem(429, 'Too many failed authentications', 'check the key, then wait'),
  'too-many-streams': problem(429, 'Too many streams are open', 'close one, then ask again'),
  internal: problem(500, 'A fault of estop', 'report it with the request id'),
  'not-decided': problem(503, 'Not decided in time', 'ask again with the same id'),
  'not-answered': problem(503, 'The order was not answered in time', 'read the state, ask again'),
  'halts-unknown': problem(503, 'The gateway does not hear of halts', 'ask again with the same id'),
  'log-unavailable': problem(503, 'The log cannot be written', 'ask again with the same id'),
  overloaded: problem(503, 'Too much waits already', 'slow down, then ask again'),
  'issuer-unavailable': problem(503, 'The keys of the issuer cannot be had', 'ask again'),
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export interface FieldProblem {
  /** JSON pointer into the body; `?name` names a query parameter, `:name` a part of the path. */
  readonly pointer: string;
  readonly detail: string;
}

/** Seconds in Retry-After of a 429 or 503 that says nothing more exact. */
const RETRY_AFTER_S = 1;

/** A refusal on its way to the caller. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly errors: readonly FieldProblem[];
  readonly retryAfterS: number | null;

  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      readonly errors?: readonly FieldProblem[];
      readonly retryAfterS?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.errors = more.errors ?? [];
    const { status } = PROBLEMS[code];
    const isLater = status === 429 || status === 503;
    this.retryAfterS = more.retryAfterS ?? (isLater ? RETRY_AFTER_S : null);
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  body(): ProblemBody {
    const { status, title } = PROBLEMS[this.code];
    return {
      type: `urn:estop:problem:${this.code}`,
      title,
      status,
      code: this.code,
      detail: this.message,
      ...(this.errors.length === 0 ? {} : { errors: this.errors }),
    };
  }
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
}

/** One thing is wrong with the shape of a request. */
export function invalidField(pointer: string, detail: string): ProblemError {
  return new ProblemError('invalid-request', `${pointer || '/'}: ${detail}`, {
    errors: [{ pointer, detail }],
  });
}

/** An operating error of the log as the caller sees it; undefined for any other error. */
export function problemOfLog(error: unknown): ProblemError | undefined {
  if (!(error instanceof EstopError)) return undefined;
  switch (error.code) {
    case 'log-overloaded':
      return new ProblemError('overloaded', 'too many appends wait already', { cause: error });
    case 'record-too-large':
      return new ProblemError('too-large', error.message, { cause: error });
    case 'log-unavailable':
    case 'log-closed':
    case 'log-truncated':
    case 'schema-unknown':
    case 'registry-unavailable':
      return new ProblemError('log-unavailable', 'the log is not available', { cause: error });
    default:
      return undefined;
  }
}

function problem(status: number, title: string, remedy: string) {
  return { status, title, remedy };
}
