/** What the exit code of every command says; scripts rely on these. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  /** Denied, differs, does not verify. */
  negative: 3,
  notAuthorised: 4,
  notFound: 5,
  conflict: 6,
  /** Partly done, or not confirmed in time. */
  partial: 7,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code for an HTTP status that is no success. */
export function exitOfStatus(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.notAuthorised;
  if (status === 404) return EXIT.notFound;
  if (status === 409) return EXIT.conflict;
  return EXIT.error;
}
