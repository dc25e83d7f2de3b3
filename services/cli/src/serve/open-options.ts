import type { Logger } from '@estop/runtime/logger';

export interface OpenOptions {
  /** Make the topics on Kafka that are missing. */
  readonly createTopics: boolean;
  /** Also make the access rights that KAFKA_AUDIT_ACLS asks for. */
  readonly isSetup?: boolean;
  /** Gets what the client of Kafka has to say; without it, nobody hears. */
  readonly logger?: Logger;
  /** Told when the log cannot go on in this process. */
  readonly onFailure?: (error: Error) => void;
}
