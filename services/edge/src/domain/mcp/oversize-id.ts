/**
 * The id of a frame that is too large to be read: only its first and last characters are kept. Ids
 * stand at one end of the frame in every implementation known; elsewhere they are not found.
 */
import type { FrameId } from './frame.ts';

const VALUE = String.raw`(-?\d{1,16}|"(?:[^"\\]|\\.){0,256}")`;
const VERSION = String.raw`"jsonrpc"\s*:\s*"2\.0"`;
const AT_START = new RegExp(String.raw`^\s*\{\s*(?:${VERSION}\s*,\s*)?"id"\s*:\s*${VALUE}\s*[,}]`);
// One closing brace alone: the member belongs to the outermost object.
const AT_END = new RegExp(String.raw`[,{]\s*"id"\s*:\s*${VALUE}\s*(?:,\s*${VERSION}\s*)?\}\s*$`);

export interface Ends {
  readonly head: string;
  readonly tail: string;
}

export function idOfOversize({ head, tail }: Ends): FrameId | null {
  const found = AT_START.exec(head)?.[1] ?? AT_END.exec(tail)?.[1];
  if (found === undefined) return null;
  const id: unknown = JSON.parse(found);
  if (typeof id === 'number') return Number.isSafeInteger(id) ? id : null;
  return typeof id === 'string' ? id : null;
}
