/** Digests that bind decisions, approvals and permits to exactly one content. */
import { hash } from 'node:crypto';

/**
 * The digest of an intent: SHA-256 over the RFC 8785 text of `{agent, arguments, tool}`.
 * `argumentsText` is the RFC 8785 text of the arguments, as intents.v1 carries it; the keys of the
 * composed object are in RFC 8785 order already. Answers `sha256:` and 64 hex digits.
 */
export function intentDigest(agentId: string, tool: string, argumentsText: string): string {
  const agent = JSON.stringify(agentId);
  const text = `{"agent":${agent},"arguments":${argumentsText},"tool":${JSON.stringify(tool)}}`;
  return sha256Text(text);
}

/** `sha256:` and the hex SHA-256 of a text's UTF-8. */
export function sha256Text(text: string): string {
  return `sha256:${hash('sha256', text, 'hex')}`;
}
