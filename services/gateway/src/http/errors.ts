/** Every error on its way out becomes a problem of the table; what is not in it is our fault. */
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import type { FastifyError } from 'fastify';
import { ProblemError, problemOfLog } from '../problems.ts';
import { type SchemaFault, validationProblem } from './validation-errors.ts';

/** The problem behind any error of a request. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const ofLog = problemOfLog(error);
  if (ofLog !== undefined) return ofLog;
  if (isFastifyError(error)) {
    if (error.validation !== undefined) {
      const faults: readonly SchemaFault[] = error.validation;
      return validationProblem(faults, error.validationContext ?? 'body');
    }
    const known = problemOfFramework(error);
    if (known !== undefined) return known;
  }
  return new ProblemError('internal', 'this is a fault of estop', { cause: error });
}

/** Writes down what a caller cannot know: our own faults, and an unusable log. */
export function logProblem(
  logger: Logger,
  problem: ProblemError,
  request: { readonly id: string; readonly route: string },
): void {
  if (problem.status < 500) return;
  const { code } = problem;
  const cause = problem.cause === undefined ? undefined : messageOf(problem.cause);
  const fields = { code, cause, requestId: request.id, route: request.route };
  if (code !== 'internal') return logger.warn(fields, problem.message);
  logger.error({ ...fields, err: problem.cause }, problem.message);
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

function problemOfFramework(error: FastifyError): ProblemError | undefined {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ProblemError('too-large', 'the body is above the limit of this route');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return new ProblemError('unsupported-media-type', 'send `content-type: application/json`');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new ProblemError('malformed', 'content-length is not the length of the body');
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_ASYNC_CONSTRAINT':
      return new ProblemError('malformed', 'the path is not percent-encoded correctly');
    default:
      if (error.statusCode === undefined || error.statusCode >= 500) return undefined;
      return new ProblemError('malformed', 'the request cannot be read');
  }
}
