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

const PREFIX = 'sha256:';
const HEX = /^sha256:[0-9a-f]{64}$/;
const IS_PACKED = '#';
const IS_PLAIN = '=';

/** A digest in 44 characters in the place of 71; any other text with a character in front. */
export function packDigest(digest: string): string {
  if (!HEX.test(digest)) return IS_PLAIN + digest;
  return IS_PACKED + Buffer.from(digest.slice(PREFIX.length), 'hex').toString('base64url');
}

/** What was packed. */
export function unpackDigest(packed: string): string {
  const text = packed.slice(1);
  if (!packed.startsWith(IS_PACKED)) return text;
  return PREFIX + Buffer.from(text, 'base64url').toString('hex');
}
