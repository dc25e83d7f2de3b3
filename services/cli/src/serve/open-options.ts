export interface OpenOptions {
  /** Make the topics on Kafka that are missing. */
  readonly createTopics: boolean;
  /** Also make the access rights that KAFKA_AUDIT_ACLS asks for. */
  readonly isSetup?: boolean;
}
