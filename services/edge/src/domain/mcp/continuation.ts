/**
 * Calls that ask for more (2026-07-28): the server answers `input_required`, and the client sends the
 * same call again with the input. That is the same call, not another one, as far as nothing in it is
 * another than what was judged.
 */
import type { JsonRecord } from '../call.ts';
import { eraOf } from './era.ts';
import { isRecord } from './frame.ts';

/** What the server has asked for, and what the client must bring back with it. */
export interface InputAsked {
  /** Opaque to us; null where the server keeps none. */
  readonly state: string | null;
  readonly names: readonly string[];
}

/** What an answer to a request asks for; undefined when it is a final one. */
export function inputAskedIn(request: JsonRecord, response: JsonRecord): InputAsked | undefined {
  const { result } = response;
  if (eraOf(request) === 'legacy' || !isRecord(result)) return undefined;
  if (result['resultType'] !== 'input_required') return undefined;
  const { requestState: state, inputRequests: requests } = result;
  const names = isRecord(requests) ? Object.keys(requests) : [];
  if (typeof state !== 'string' && names.length === 0) return undefined;
  return { state: typeof state === 'string' ? state : null, names };
}

/** The input that a request brings; undefined when it brings none and begins a call. */
export function inputGivenIn(params: JsonRecord): InputAsked | undefined {
  const { requestState: state = null, inputResponses: responses = {} } = params;
  if (eraOf(params) === 'legacy' || !isRecord(responses)) return undefined;
  const names = Object.keys(responses);
  if (state !== null && typeof state !== 'string') return undefined;
  return state === null && names.length === 0 ? undefined : { state, names };
}

/** Whether nothing is given that was not asked for. */
export function answers(given: InputAsked, asked: InputAsked): boolean {
  return given.names.every((name) => asked.names.includes(name));
}
