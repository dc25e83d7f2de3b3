/**
 * A watch as bytes: the block of its detectors as it is, and behind it JSON of the rest. The same
 * watch gives the same bytes.
 */
import type { AgentId, IntentId } from '@estop/schemas/ids';
import { decodeState, encodeState, STATE_BYTES } from '../state/layout.ts';
import type { AgentWatch, Told } from './agent-watch.ts';
import type { Call } from './calls.ts';

interface Rest extends Pick<AgentWatch, 'ladder' | 'told' | 'repeats' | 'nextOffset'> {
  readonly calls: readonly Call[];
}

export interface EncodedWatch {
  readonly block: Uint8Array;
  /** JSON. */
  readonly rest: string;
}

export { STATE_BYTES };

export function encodeWatch(watch: AgentWatch): EncodedWatch {
  const { ladder, told, repeats, nextOffset, calls } = watch;
  const rest: Rest = { ladder, told, repeats, nextOffset, calls: [...calls.values()] };
  return { block: encodeState(watch.state), rest: JSON.stringify(rest) };
}

/** Undefined where the bytes are of another layout: then the watch is rebuilt from the log. */
export function decodeWatch(
  agentId: AgentId,
  { block, rest }: EncodedWatch,
): AgentWatch | undefined {
  const state = decodeState(block);
  if (state === null) return undefined;
  const { calls, ...others } = JSON.parse(rest) as Rest;
  const callById = new Map<IntentId, Call>(calls.map((call) => [call.intentId, call]));
  return { agentId, state, ...others, calls: callById };
}

export function toldText(told: Told | null): string | null {
  return told === null ? null : JSON.stringify(told);
}
