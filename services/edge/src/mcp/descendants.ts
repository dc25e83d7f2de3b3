/** The living descendants of a process, as Linux tells them; elsewhere none are found. */
import { readdirSync, readFileSync } from 'node:fs';

/** A process that multiplies faster than it is walked is left to its process group. */
const FOUND_MAX = 10_000;

export function descendantsOf(pid: number): readonly number[] {
  const found: number[] = [];
  const open = [pid];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const children = childrenOf(next);
    found.push(...children);
    open.push(...children);
    if (found.length >= FOUND_MAX) break;
  }
  return found;
}

/** Each thread has the children that it started itself. */
function childrenOf(pid: number): readonly number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const lists = threads.map((id) => readFileSync(`/proc/${pid}/task/${id}/children`, 'utf8'));
    return lists.flatMap((list) =>
      list
        .split(' ')
        .filter((text) => text.trim() !== '')
        .map(Number),
    );
  } catch {
    return [];
  }
}
