/**
 * Structured logs on stderr; stdout belongs to what a program prints. Whatever a caller logs, no
 * line holds a key, a token or a password: each finished line is cleaned before it is written.
 */
import { type DestinationStream, destination, type Logger, pino } from 'pino';

export type { Logger };

export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  readonly service: string;
  readonly level: LogLevel;
  /** Where lines go; stderr when left out. */
  readonly output?: DestinationStream;
}

const REDACTED = '[redacted]';
const STDERR = 2;

/** Values that are secret wherever they stand: our keys, bearer tokens, JWTs, private keys. */
const SECRET_VALUES =
  /estop_[a-z0-9]{12}_[\w-]{43}|\b(?:Bearer|Basic) +[\w.~+/=-]{8,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*/g;
/** Fields whose name says that their value, a text or a list of texts, is secret. */
const SECRET_FIELDS =
  /("[\w.-]{0,40}(?:authorization|cookie|secret|passw|passphrase|token(?!s)|(?:api|link|private|operator)[_-]?key)[\w.-]{0,40}":)(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])/gi;

export function createLogger(options: LoggerOptions): Logger {
  const { service, level, output = destination({ dest: STDERR, sync: true }) } = options;
  return pino(
    {
      level,
      base: { service },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: redact },
    },
    output,
  );
}

/** The line without what must not be seen. */
export function redact(line: string): string {
  return line.replace(SECRET_FIELDS, `$1"${REDACTED}"`).replace(SECRET_VALUES, REDACTED);
}

/** A logger that keeps its lines, for tests. */
export function createMemoryLogger(level: LogLevel = 'trace') {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line) };
  return { logger: createLogger({ service: 'test', level, output }), lines };
}
