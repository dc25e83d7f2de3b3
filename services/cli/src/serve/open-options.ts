export interface OpenOptions {
  /** Make the topics on Kafka that are missing. */
  readonly createTopics: boolean;
  /** Also make the access rights that KAFKA_AUDIT_ACLS asks for. */
  readonly isSetup?: boolean;
  /** Told when the log cannot go on in this process. */
  readonly onFailure?: (error: Error) => void;
}
