/**
 * One agent's windows, baselines and loop memory, in one block of bytes: bounded by its layout, the
 * same on every replay, and written to a snapshot by copying it. Counts are integers; baselines are
 * 32-bit floats, whose rounding IEEE 754 fixes.
 */
import { invariant } from '@estop/schemas/invariant';

/** Changes whenever a place or a meaning in the layout does: older bytes are rebuilt from the log. */
export const LAYOUT_VERSION = 1;

export const SECONDS = 60;
export const MINUTES = 60;
export const HOURS = 168;
export const HOURS_OF_DAY = 24;
export const MINUTES_OF_HOUR = 60;
export const BUCKETS = 64;
export const LOOP_CALLS = 16;
export const SHOWN = 5;

/** Counted per minute against an own baseline: place of each, agent first, then its four tiers. */
export const CALLS = 0;
export const SPEND = 5;
export const TOKENS = 10;
export const FAN_OUT = 11;
export const SERIES = 12;

/** Shares of calls: errors and denials of the agent and its tiers, then novel calls. */
export const ERRORS = 0;
export const DENIALS = 5;
export const NOVEL = 10;
export const SLOW = 11;
export const RATIOS = 12;

/** Fields of 8 bytes. */
export const F64 = {
  version: 0,
  second: 1,
  minute: 2,
  hour: 3,
  lastAt: 4,
  firstAt: 5,
  late: 6,
  /** Calls a day that growth is measured against, and the days it was learned from. */
  anchor: 7,
  anchorDays: 8,
  waiting: 9,
  waitingSince: 10,
  frozen: 11,
  /** Hours since the baselines began to learn. */
  hoursSeen: 12,
  /** How minutes vary beyond Poisson, and their means: the quotient is a squared relative spread. */
  extraSpread: 13,
  spreadMeans: 14,
  /** The fullest minute of about a month, capped as what is learned. */
  fullestMinute: 15,
} as const;
const F64_FIELDS = 16;
export const AMOUNT = F64_FIELDS;
export const LOOP_REF = AMOUNT + SERIES;
export const LOOP_AT = LOOP_REF + LOOP_CALLS;
/** Five positions each: newest calls, errors, denials, novel calls; dearest and slowest calls. */
export const SHOWN_CALLS = LOOP_AT + LOOP_CALLS;
export const SHOWN_LISTS = 6;
export const SHOWN_WEIGHT = SHOWN_CALLS + SHOWN_LISTS * SHOWN;
const F64_END = SHOWN_WEIGHT + 2 * SHOWN;

/** Fields of 4 bytes, floats: all after the 8-byte ones. */
const F32_START = F64_END * 2;
export const MEAN = F32_START;
export const DISPERSION = MEAN + SERIES;
export const SEEN = DISPERSION + SERIES;
export const DRIFT = SEEN + SERIES;
export const UNIT = DRIFT + SERIES;
export const UNIT_SEEN = UNIT + SERIES;
export const LIMIT = UNIT_SEEN + SERIES;
/** What one call of many costs and takes at most: read off the sketches now and then. */
export const USUAL_SPEND = LIMIT + SERIES;
export const USUAL_DURATION = USUAL_SPEND + 1;
export const RECENT_HITS = USUAL_DURATION + 1;
export const RECENT_TRIALS = RECENT_HITS + RATIOS;
export const LONG_HITS = RECENT_TRIALS + RATIOS;
export const LONG_TRIALS = LONG_HITS + RATIOS;
export const HOUR_LEVEL = LONG_TRIALS + RATIOS;
export const HOUR_SEEN = HOUR_LEVEL + HOURS_OF_DAY;
export const MINUTE_FACTOR = HOUR_SEEN + HOURS_OF_DAY;
const F32_END = MINUTE_FACTOR + MINUTES_OF_HOUR;

/** Fields of 4 bytes, unsigned. */
export const MINUTE_SPEND = F32_END;
export const MINUTE_TOKENS = MINUTE_SPEND + MINUTES;
export const LOOP_CALL = MINUTE_TOKENS + MINUTES;
export const LOOP_RESULT = LOOP_CALL + LOOP_CALLS;
const LOOP_START = LOOP_RESULT + LOOP_CALLS;
export const LOOP = {
  count: LOOP_START,
  run: LOOP_START + 1,
  runSame: LOOP_START + 2,
  runError: LOOP_START + 3,
  errors: LOOP_START + 4,
  session: LOOP_START + 5,
} as const;
/** When something of a kind was last told, minutes: 12 series, 12 ratios, then rules. */
export const TOLD = LOOP_START + 6;
export const TOLD_FIELDS = SERIES + RATIOS + 12;
/** Seen before, two generations each: tools 256 bits, targets 1,024 bits. */
export const TOOLS_SEEN = TOLD + TOLD_FIELDS;
export const TOOL_WORDS = 8;
export const TARGETS_SEEN = TOOLS_SEEN + 2 * TOOL_WORDS;
export const TARGET_WORDS = 32;
export const FAN_WORDS = 8;
export const FAN_SEEN = TARGETS_SEEN + 2 * TARGET_WORDS;
const U32_END = FAN_SEEN + FAN_WORDS;

/** Fields of 2 bytes. */
export const SECOND_CALLS = U32_END * 2;
export const MINUTE_CALLS = SECOND_CALLS + SECONDS;
export const MINUTE_ERRORS = MINUTE_CALLS + MINUTES;
export const MINUTE_DENIALS = MINUTE_ERRORS + MINUTES;
export const HOUR_CALLS = MINUTE_DENIALS + MINUTES;
export const SPEND_SKETCH = HOUR_CALLS + HOURS;
export const TOKENS_SKETCH = SPEND_SKETCH + BUCKETS;
export const DURATION_SKETCH = TOKENS_SKETCH + BUCKETS;
const U16_END = DURATION_SKETCH + BUCKETS;

/** Bytes of one agent. */
export const STATE_BYTES = Math.ceil((U16_END * 2) / 8) * 8;
/** What one agent may take. */
export const STATE_BYTES_MAX = 4_096;

/** Views of the same bytes: each field is read through the one of its width. */
export interface AgentState {
  readonly bytes: ArrayBuffer;
  readonly f64: Float64Array;
  readonly f32: Float32Array;
  readonly u32: Uint32Array;
  readonly u16: Uint16Array;
}

type View = Float64Array | Float32Array | Uint32Array | Uint16Array;

export function read(view: View, place: number): number {
  return view[place] ?? 0;
}

export function add(view: View, place: number, amount: number): void {
  view[place] = (view[place] ?? 0) + amount;
}

export const U16_MAX = 65_535;
export const U32_MAX = 4_294_967_295;

/** Counts that are full stay full: no window begins again at zero. */
export function addUpTo(view: Uint16Array | Uint32Array, place: number, amount: number): void {
  const max = view.BYTES_PER_ELEMENT === 2 ? U16_MAX : U32_MAX;
  const sum = (view[place] ?? 0) + amount;
  view[place] = Math.min(sum, max);
}

/** A state that has seen nothing: baselines stand at what the class is said to do. */
export function emptyState(prior: Prior): AgentState {
  const state = viewsOf(new ArrayBuffer(STATE_BYTES));
  state.f64[F64.version] = LAYOUT_VERSION;
  for (let series = 0; series < SERIES; series += 1) {
    state.f32[MEAN + series] = prior.callsPerMinute;
    state.f32[DISPERSION + series] = prior.dispersion;
  }
  state.f32.fill(1, MINUTE_FACTOR, MINUTE_FACTOR + MINUTES_OF_HOUR);
  return state;
}

/** What is taken for granted of an agent of this class until it has been seen for an hour. */
export interface Prior {
  readonly callsPerMinute: number;
  /** Variance of a minute's calls in means; 1 is Poisson's. */
  readonly dispersion: number;
}

function viewsOf(bytes: ArrayBuffer): AgentState {
  return {
    bytes,
    f64: new Float64Array(bytes),
    f32: new Float32Array(bytes),
    u32: new Uint32Array(bytes),
    u16: new Uint16Array(bytes),
  };
}

/** A copy of the bytes, for snapshots and comparisons. */
export function encodeState(state: AgentState): Uint8Array {
  return new Uint8Array(state.bytes.slice(0));
}

/** Null where the bytes are of another layout: then the state is rebuilt from the log. */
export function decodeState(bytes: Uint8Array): AgentState | null {
  if (bytes.byteLength !== STATE_BYTES) return null;
  const copy = new ArrayBuffer(STATE_BYTES);
  new Uint8Array(copy).set(bytes);
  const state = viewsOf(copy);
  return state.f64[F64.version] === LAYOUT_VERSION ? state : null;
}

invariant(STATE_BYTES <= STATE_BYTES_MAX, 'one agent takes 4 kB at most');
