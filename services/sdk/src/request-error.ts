import { isRecord } from './domain/json.ts';

/** One thing wrong with what was sent. */
export interface RequestProblem {
  /** JSON pointer into the body. */
  readonly pointer: string;
  readonly detail: string;
}

/**
 * estop was reached and refused the request itself: a key that is not accepted (401), an agent that
 * speaks for another (403), the same id with other content (409), a body of the wrong shape (422).
 * Asking again would change nothing. A decision is never an error.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  /** The code of the problem document, such as `conflict`; `unknown` when it had none. */
  readonly code: string;
  readonly problems: readonly RequestProblem[];

  constructor(status: number, problem: unknown) {
    const fields = isRecord(problem) ? problem : {};
    const problems = problemsOf(fields['errors']);
    const title = textOr(fields['detail'], textOr(fields['title'], `status ${status}`));
    const details = problems.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`);
    super([title, ...details].join('; '));
    this.status = status;
    this.code = textOr(fields['code'], 'unknown');
    this.problems = problems;
  }
}

function problemsOf(errors: unknown): readonly RequestProblem[] {
  if (!Array.isArray(errors)) return [];
  return errors.filter(isRecord).map((error) => ({
    pointer: textOr(error['pointer'], ''),
    detail: textOr(error['detail'], ''),
  }));
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}
