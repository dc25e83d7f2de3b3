/** Reads typed values out of an already parsed file, and keeps what is wrong with them. */
export interface Problem {
  /** As in `agents.billing-bot.ladder.probes`. */
  readonly place: string;
  /** What is wrong and what would be right. */
  readonly message: string;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly isWhole?: boolean;
}

/** Values that nothing was said of are undefined, and no problem. */
export interface Reader {
  readonly problems: Problem[];
  problem(place: string, message: string): void;
  /** The fields of a map; with keys given, others are problems. */
  map(value: unknown, place: string, keys: readonly string[] | null): ReadonlyMap<string, unknown>;
  list(value: unknown, place: string): readonly unknown[];
  flag(value: unknown, place: string): boolean | undefined;
  number(value: unknown, place: string, bounds: Bounds): number | undefined;
  /** Milliseconds of `30s`, `15m`, `24h`; at most 30 days. */
  duration(value: unknown, place: string): number | undefined;
  choice<Choice extends string>(
    value: unknown,
    place: string,
    choices: readonly Choice[],
  ): Choice | undefined;
}

const PROBLEMS_MAX = 100;
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION_MAX_MS = 2_592_000_000;

export function createReader(): Reader {
  const problems: Problem[] = [];
  const problem = (place: string, message: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push({ place, message });
  };
  return {
    problems,
    problem,
    map(value, place, keys) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        problem(place, `must be a map, not ${kindOf(value)}`);
        return new Map();
      }
      const fields = new Map(Object.entries(value));
      for (const key of fields.keys()) {
        if (keys === null || keys.includes(key)) continue;
        problem(place, `has no "${key}"; it may have: ${keys.join(', ')}`);
      }
      return fields;
    },
    list(value, place) {
      if (Array.isArray(value)) return value;
      problem(place, `must be a list, not ${kindOf(value)}`);
      return [];
    },
    flag(value, place) {
      if (value === undefined || typeof value === 'boolean') return value;
      problem(place, `must be true or false, not ${kindOf(value)}`);
      return undefined;
    },
    number(value, place, { min, max, isWhole = false }) {
      if (value === undefined) return undefined;
      const isNumber = typeof value === 'number' && value >= min && value <= max;
      if (isNumber && (!isWhole || Number.isInteger(value))) return value;
      const what = isWhole ? 'a whole number' : 'a number';
      problem(place, `must be ${what} from ${min} to ${max}, not ${kindOf(value)}`);
      return undefined;
    },
    duration(value, place) {
      if (value === undefined) return undefined;
      const durationMs = durationOf(value);
      if (durationMs !== undefined) return durationMs;
      problem(place, `must be a time from 1s to 30d, such as 30s or 15m, not ${kindOf(value)}`);
      return undefined;
    },
    choice(value, place, choices) {
      const chosen = choices.find((choice) => choice === value);
      if (chosen === undefined) {
        problem(place, `must be one of ${choices.join(', ')}, not ${kindOf(value)}`);
      }
      return chosen;
    },
  };
}

function durationOf(value: unknown): number | undefined {
  const match = /^([1-9]\d{0,6})([smhd])$/.exec(typeof value === 'string' ? value : '');
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  if (match === null || unitMs === undefined) return undefined;
  const durationMs = Number(match[1]) * unitMs;
  return durationMs <= DURATION_MAX_MS ? durationMs : undefined;
}

/** A value as messages show it. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : JSON.stringify(value).slice(0, 40);
}
