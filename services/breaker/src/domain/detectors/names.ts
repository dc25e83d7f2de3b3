/** Names: tools and targets never met before, and how many targets one minute reaches. */
import { hashText } from '../numbers/hash.ts';
import { noteSeen } from '../numbers/seen.ts';
import type { Sample } from '../sample.ts';
import {
  type AgentState,
  FAN_OUT,
  FAN_SEEN,
  FAN_WORDS,
  NOVEL,
  TARGET_WORDS,
  TARGETS_SEEN,
  TOOL_WORDS,
  TOOLS_SEEN,
} from '../state/layout.ts';
import type { Context } from './context.ts';
import { addAmount, checkMinute } from './minute-tail.ts';
import { countTrial } from './ratio.ts';
import { NEW_NAMES, showNewest } from './shown.ts';

const TOOLS = { start: TOOLS_SEEN, words: TOOL_WORDS };
const TARGETS = { start: TARGETS_SEEN, words: TARGET_WORDS };
const FAN_BITS = FAN_WORDS * 32;

/** Counts whether a call goes where the agent never went, and how widely this minute does. */
export function observeNames(context: Context, sample: Sample): void {
  const { state } = context;
  let isNovel = noteSeen(state.u32, TOOLS, hashText(sample.tool));
  let reached = 0;
  for (const target of sample.targets) {
    const hash = hashText(target);
    if (noteSeen(state.u32, TARGETS, hash)) isNovel = true;
    if (noteReached(state, hash)) reached += 1;
  }
  if (isNovel) showNewest(state, NEW_NAMES, sample.ref);
  countTrial(context, NOVEL, isNovel);
  if (reached === 0) return;
  addAmount(state, FAN_OUT, reached);
  checkMinute(context, FAN_OUT);
}

/** The targets of a minute are those of that minute alone. */
export function forgetReached({ u32 }: AgentState): void {
  u32.fill(0, FAN_SEEN, FAN_SEEN + FAN_WORDS);
}

/** One bit for each target, so that a minute of more than a few hundred is counted too low. */
function noteReached({ u32 }: AgentState, hash: number): boolean {
  const bit = (hash >>> 7) % FAN_BITS;
  const word = FAN_SEEN + (bit >>> 5);
  const mask = 1 << (bit & 31);
  const before = u32[word] ?? 0;
  u32[word] = before | mask;
  return (before & mask) === 0;
}
