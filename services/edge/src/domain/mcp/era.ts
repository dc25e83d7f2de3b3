/** The two eras of MCP, told apart per request: since 2026-07-28 each one names its version. */
import type { JsonRecord } from '../call.ts';
import { isRecord } from './frame.ts';

export type Era = 'legacy' | 'modern';

export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

export function eraOf(params: JsonRecord): Era {
  const meta = params['_meta'];
  return isRecord(meta) && typeof meta[VERSION_KEY] === 'string' ? 'modern' : 'legacy';
}
