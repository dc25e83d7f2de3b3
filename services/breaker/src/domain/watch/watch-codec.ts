/**
 * A watch as bytes: the block of its detectors as it is, and behind it JSON of the rest. The same
 * watch gives the same bytes.
 */
import type { AgentId, IntentId } from '@estop/schemas/ids';
import { decodeState, encodeState, STATE_BYTES } from '../state/layout.ts';
import type { AgentWatch, Told } from './agent-watch.ts';
import type { Call } from './calls.ts';

type Rest = Pick<AgentWatch, 'ladder' | 'told' | 'nextOffset'> & {
  readonly calls: readonly Call[];
};

export interface EncodedWatch {
  readonly block: Uint8Array;
  /** JSON. */
  readonly rest: string;
}

export { STATE_BYTES };

export function encodeWatch({ state, ladder, told, nextOffset, calls }: AgentWatch): EncodedWatch {
  const rest: Rest = { ladder, told, nextOffset, calls: [...calls.values()] };
  return { block: encodeState(state), rest: JSON.stringify(rest) };
}

/** Undefined where the bytes are of another layout: then the watch is rebuilt from the log. */
export function decodeWatch(
  agentId: AgentId,
  { block, rest }: EncodedWatch,
): AgentWatch | undefined {
  const state = decodeState(block);
  if (state === null) return undefined;
  const { ladder, told, nextOffset, calls } = JSON.parse(rest) as Rest;
  const callById = new Map<IntentId, Call>(calls.map((call) => [call.intentId, call]));
  return { agentId, state, ladder, told, nextOffset, calls: callById };
}

export function toldText(told: Told | null): string | null {
  return told === null ? null : JSON.stringify(told);
}
