/**
 * `breakers.yaml` as a value that was already parsed: settings for all agents, groups and single
 * agents, and tools that may be polled. Everything unknown or out of bounds is a problem with its place and what would be
 * right; nothing is guessed.
 */
import { SIGNALS, type Signal } from '../finding.ts';
import type { Prior } from '../state/layout.ts';
import type { LadderConfig, LoopRules, Threshold } from './breaker-config.ts';
import { parseThresholds } from './parse-thresholds.ts';
import { createReader, type Problem, type Reader } from './reader.ts';

/** What a layer says; what it does not say is left as it is. */
export interface BreakerSettings {
  readonly sensitivity: number | undefined;
  readonly shadow: boolean | undefined;
  readonly signals: Partial<Record<Signal, boolean>>;
  readonly thresholds: readonly Threshold[];
  readonly prior: Partial<Prior>;
  readonly loops: Partial<LoopRules>;
  readonly ladder: Partial<LadderConfig>;
}

export interface BreakersFile {
  readonly defaults: BreakerSettings;
  readonly groups: ReadonlyMap<string, BreakerSettings>;
  readonly agents: ReadonlyMap<string, BreakerSettings>;
  /** How often a tool may be asked the same again, ms: no faster than this it is no loop. */
  readonly polling: ReadonlyMap<string, number>;
}

export type ParsedBreakers =
  | { readonly ok: true; readonly file: BreakersFile }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const SETTINGS_MAX = 10_000;

const NO_SETTINGS: BreakerSettings = {
  sensitivity: undefined,
  shadow: undefined,
  signals: {},
  thresholds: [],
  prior: {},
  loops: {},
  ladder: {},
};

/** A fleet without the file: the defaults hold for everybody. */
export const NO_BREAKERS: BreakersFile = {
  defaults: NO_SETTINGS,
  groups: new Map(),
  agents: new Map(),
  polling: new Map(),
};

export function parseBreakers(value: unknown): ParsedBreakers {
  const reader = createReader();
  const root = reader.map(value, 'breakers.yaml', ['defaults', 'groups', 'agents', 'polling']);
  const file: BreakersFile = {
    defaults: parseSettings(reader, root.get('defaults') ?? {}, 'defaults'),
    groups: parseNamed(reader, root.get('groups'), 'groups'),
    agents: parseNamed(reader, root.get('agents'), 'agents'),
    polling: parsePolling(reader, root.get('polling')),
  };
  const { problems } = reader;
  return problems.length === 0 ? { ok: true, file } : { ok: false, problems };
}

function parseNamed(
  reader: Reader,
  value: unknown,
  place: string,
): ReadonlyMap<string, BreakerSettings> {
  return new Map(
    [...named(reader, value, place)].map(([name, one]) => {
      return [name, parseSettings(reader, one, `${place}.${name}`)];
    }),
  );
}

function parsePolling(reader: Reader, value: unknown): ReadonlyMap<string, number> {
  const intervals = new Map<string, number>();
  for (const [tool, interval] of named(reader, value, 'polling')) {
    const intervalMs = reader.duration(interval, `polling.${tool}`);
    if (intervalMs !== undefined) intervals.set(tool, intervalMs);
  }
  return intervals;
}

function named(reader: Reader, value: unknown, place: string): ReadonlyMap<string, unknown> {
  const entries = reader.map(value ?? {}, place, null);
  if (entries.size <= SETTINGS_MAX) return entries;
  reader.problem(place, `has ${entries.size} entries; ${SETTINGS_MAX} are allowed`);
  return new Map();
}

const KEYS = ['sensitivity', 'shadow', 'signals', 'thresholds', 'prior', 'loops', 'ladder'];

function parseSettings(reader: Reader, value: unknown, place: string): BreakerSettings {
  const fields = reader.map(value, place, KEYS);
  const at = (key: string) => `${place}.${key}`;
  return {
    sensitivity: reader.number(fields.get('sensitivity'), at('sensitivity'), SENSITIVITY),
    shadow: reader.flag(fields.get('shadow'), at('shadow')),
    signals: parseSignals(reader, fields.get('signals'), at('signals')),
    thresholds: parseThresholds(reader, fields.get('thresholds'), at('thresholds')),
    prior: parsePrior(reader, fields.get('prior'), at('prior')),
    loops: parseLoops(reader, fields.get('loops'), at('loops')),
    ladder: parseLadder(reader, fields.get('ladder'), at('ladder')),
  };
}

/** Below one in a hundred months no window could tell; above a thousand it is no breaker. */
const SENSITIVITY = { min: 0.01, max: 1_000 };
const RATE = { min: 0.01, max: 100_000 };
const DISPERSION = { min: 1, max: 1_000 };
const REPEATS = { min: 2, max: 16, isWhole: true };
const SMALL_COUNT = { min: 1, max: 100, isWhole: true };

function parseSignals(
  reader: Reader,
  value: unknown,
  place: string,
): Partial<Record<Signal, boolean>> {
  const fields = reader.map(value ?? {}, place, SIGNALS);
  const signals: Partial<Record<Signal, boolean>> = {};
  for (const signal of SIGNALS) {
    const isOn = reader.flag(fields.get(signal), `${place}.${signal}`);
    if (isOn !== undefined) signals[signal] = isOn;
  }
  return signals;
}

function parsePrior(reader: Reader, value: unknown, place: string): Partial<Prior> {
  const fields = reader.map(value ?? {}, place, ['callsPerMinute', 'dispersion']);
  return said({
    callsPerMinute: reader.number(fields.get('callsPerMinute'), `${place}.callsPerMinute`, RATE),
    dispersion: reader.number(fields.get('dispersion'), `${place}.dispersion`, DISPERSION),
  });
}

function parseLoops(reader: Reader, value: unknown, place: string): Partial<LoopRules> {
  const keys = ['sameResult', 'sameCall', 'sameError', 'errors', 'cycles'] as const;
  const fields = reader.map(value ?? {}, place, keys);
  const repeats = (key: (typeof keys)[number]) =>
    reader.number(fields.get(key), `${place}.${key}`, REPEATS);
  return said({
    sameResult: repeats('sameResult'),
    sameCall: repeats('sameCall'),
    sameError: repeats('sameError'),
    errors: repeats('errors'),
    // Three rounds of four calls are twelve; the memory holds sixteen.
    cycles: reader.number(fields.get('cycles'), `${place}.cycles`, {
      min: 2,
      max: 4,
      isWhole: true,
    }),
  });
}

function parseLadder(reader: Reader, value: unknown, place: string): Partial<LadderConfig> {
  const keys = [
    'signalsToOpen',
    'evidence',
    'halfOpenAfter',
    'halfOpenAfterMax',
    'probes',
    'opensToKill',
    'killWindow',
  ] as const;
  const fields = reader.map(value ?? {}, place, keys);
  const count = (key: (typeof keys)[number]) =>
    reader.number(fields.get(key), `${place}.${key}`, SMALL_COUNT);
  const time = (key: (typeof keys)[number]) => reader.duration(fields.get(key), `${place}.${key}`);
  return said({
    signalsToOpen: count('signalsToOpen'),
    evidenceMs: time('evidence'),
    halfOpenAfterMs: time('halfOpenAfter'),
    halfOpenAfterMaxMs: time('halfOpenAfterMax'),
    probes: count('probes'),
    opensToKill: count('opensToKill'),
    killWindowMs: time('killWindow'),
  });
}

/** Without the fields that nothing was said of. */
function said<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } {
  const kept: { [Key in keyof Fields]?: NonNullable<Fields[Key]> } = {};
  for (const key in fields) {
    const value = fields[key];
    if (value !== undefined && value !== null) kept[key] = value;
  }
  return kept;
}
