/** The two eras of MCP, told apart per request: since 2026-07-28 each one names its version. */
import type { JsonRecord } from '../call.ts';
import { isRecord } from './frame.ts';

export type Era = 'legacy' | 'modern';

export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

export function eraOf(params: JsonRecord): Era {
  return versionOf(params) === undefined ? 'legacy' : 'modern';
}

/** The version that a modern request names; undefined in a legacy one. */
export function versionOf({ _meta: meta }: JsonRecord): string | undefined {
  const version = isRecord(meta) ? meta[VERSION_KEY] : undefined;
  return typeof version === 'string' ? version : undefined;
}
