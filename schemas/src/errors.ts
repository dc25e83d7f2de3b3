/**
 * Operating errors: what goes wrong outside our code while it runs. Every code, whether asking
 * again may help, and what a person does about it. docs/errors.md is held against this table.
 */
export const ERROR_TABLE = {
  'config-invalid': { retryable: false, remedy: 'correct the environment variable that is named' },
  'fleet-invalid': { retryable: false, remedy: 'run `estop check DIR` and correct what it lists' },
  'log-unavailable': { retryable: true, remedy: 'check that Kafka or the disk can be written' },
  'log-closed': { retryable: false, remedy: 'the process is stopping; ask its successor' },
  'log-overloaded': { retryable: true, remedy: 'slow down; too many appends wait already' },
  'log-truncated': { retryable: false, remedy: 'acknowledged records vanished: see the runbook' },
  'log-locked': { retryable: false, remedy: 'another process holds this data folder' },
  'record-too-large': { retryable: false, remedy: 'keep a record below the size that is named' },
  'schema-unknown': { retryable: true, remedy: 'check that the schema registry can be reached' },
  'schema-incompatible': { retryable: false, remedy: 'change the schema so that old readers can' },
  'value-malformed': { retryable: false, remedy: 'the bytes are no Avro value of their schema' },
  'registry-unavailable': { retryable: true, remedy: 'check SCHEMA_REGISTRY_URL' },
  'request-failed': { retryable: false, remedy: 'read the answer of the gateway' },
  'gateway-unreachable': { retryable: true, remedy: 'check ESTOP_URL and that estop runs' },
} as const satisfies Record<string, { readonly retryable: boolean; readonly remedy: string }>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** An operating error with a code from the table; the message says what was seen. */
export class EstopError extends Error {
  override readonly name = 'EstopError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return ERROR_TABLE[this.code].retryable;
  }

  get remedy(): string {
    return ERROR_TABLE[this.code].remedy;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
