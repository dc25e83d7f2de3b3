/** How much one agent may keep: every collection of the state is bounded by a number here. */

/** Decided intents remembered per agent, so that asking again gets the same answer … */
export const DECIDED_MAX = 8_192;
/** … of which so many are forgotten at once, … */
export const DECIDED_FORGOTTEN = 256;
/** … and for how long. An id asked again after that, and an hour at most, is a new intent. */
export const DECIDED_AGE_MS = 24 * 3_600_000;
/** How often a partition forgets what is old, by the times of its records. */
export const FORGETTING_MS = 3_600_000;
/** Kinds of decisions that are kept once for all that are of them: so many tools, … */
export const KINDS_TOOLS_MAX = 4_096;
/** … and so many of each tool. */
export const KINDS_PER_TOOL_MAX = 16;
/** Intents of one agent that may wait for people at the same time. */
export const PENDING_MAX = 1_000;
/** Of these, how many the view of an agent shows: the ones that expire first. */
export const PENDING_SHOWN_MAX = 100;
/** Allowed intents of one agent whose amounts may be held at the same time. */
export const HOLDS_MAX = 4_096;
/** Beyond that so many of the oldest count as spent at once. */
export const HOLDS_SPENT = 64;
/** An allowed intent without an outcome counts as spent after this time. */
export const HOLD_MS = 15 * 60_000;
/** Distinct targets remembered per agent for `recent.*.targets`; above, the oldest goes. */
export const TARGETS_MAX = 256;
export const LAST_ACTIONS_MAX = 16;
export const ANSWERS_MAX = 32;
/** Live credentials of one agent or person. */
export const CREDENTIALS_MAX = 16;
/** Agents whose expired holds and approvals one tick settles; the rest waits for the next. */
export const EXPIRIES_PER_TICK_MAX = 500;
/** Expiries in one audit record, so that it stays small; the rest goes into further ones. */
export const EXPIRY_EVENTS_MAX = 200;
/** A provenance pointer: longer or deeper ones name no argument that could be sent. */
export const POINTER_CHARS_MAX = 512;
export const POINTER_DEPTH_MAX = 32;
export const POINTERS_MAX = 500;
/** Live halts that one partition knows. */
export const HALTS_MAX = 10_000;

/** Ended kills that a partition remembers, one for each scope; above, everybody is tried. */
export const ENDED_KILLS_MAX = 10_000;
/** Calls that a half-open breaker lets through: in flight or gone well. */
export const PROBES_MAX = 5;
/** A breaker whose probe failed stays open for this time, and twice as long each time … */
export const OPEN_FIRST_MS = 30_000;
/** … up to this, … */
export const OPEN_MAX_MS = 15 * 60_000;
/** … until it did not open for so long. */
export const OPENS_AGE_MS = 24 * 3_600_000;
/** Texts of one trip; evidence is kept in the log alone. */
export const SIGNAL_CHARS_MAX = 128;
export const EXPLANATION_CHARS_MAX = 1_024;
export const EVIDENCE_CHARS_MAX = 16 * 1_024;

export const APPROVAL_MS = 15 * 60_000;
export const APPROVAL_FINANCIAL_MS = 5 * 60_000;

/** Shared limits that one partition has an account or a pool of. */
export const SHARED_LIMITS_MAX = 10_000;
/** Intents of one partition that may wait for slices at the same time; the next is denied. */
export const AWAITED_MAX = 1_000;
/**
 * How long one waits: longer than a partition takes to find a new owner, so that nobody is denied
 * for want of an answer. Whoever asks is told before that its decision is not there yet.
 */
export const AWAIT_MS = 20_000;
/** Asks of one partition and limit under way, and answers kept for those that are repeated. */
export const SLICE_ASKS_MAX = 8;
/** An ask without an answer is sent again after this time. */
export const ASK_AGAIN_MS = 1_000;
/** Whom nothing could be granted asks again after this time, or when something is offered. */
export const DRY_MS = 1_000;
/** How long partitions have to give back what was recalled, also while they find a new owner. */
export const RECALL_MS = 15_000;
/** What was not used for so long goes back. */
export const SLICE_IDLE_MS = 10_000;
/** Sub-windows of calls that wait to be reported; above, the oldest two become one. */
export const SLICE_USES_MAX = 128;
