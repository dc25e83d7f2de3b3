/** The rules of the fleets that were ever in force, from their bundles on policies.v1. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '@estop/log/port';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import type { PolicyHash } from '@estop/schemas/ids';
import { parse } from 'yaml';
import { FleetRules } from '../domain/config/fleet-rules.ts';
import { type BreakersFile, NO_BREAKERS, parseBreakers } from '../domain/config/parse-breakers.ts';

/** Fleets whose rules are kept: the one in force and those that partitions may still be leaving. */
const KEPT_MAX = 16;
const READ_RECORDS = 100;
/** A bundle is written before any record names it; a reader may see it a moment later. */
const TRIES = 50;
const PAUSE_MS = 200;
/** Then it is looked for again. */
const MISSING_MS = 60_000;

const DEFAULTS = new FleetRules(NO_BREAKERS, new Map());

export class FleetRulesSource {
  readonly #log: EventLog;
  readonly #logger: Logger;
  readonly #byHash = new Map<PolicyHash | null, FleetRules>([[null, DEFAULTS]]);

  /** When it was looked for in vain, by the monotonic clock. */
  readonly #missingMsByHash = new Map<PolicyHash | null, number>();

  constructor(log: EventLog, logger: Logger) {
    this.#log = log;
    this.#logger = logger;
  }

  /** Undefined where they must be fetched first. */
  known(hash: PolicyHash | null): FleetRules | undefined {
    return this.#byHash.get(hash);
  }

  /**
   * The defaults, for a while, where the bundle cannot be found: agents are watched all the same.
   * Rejects when the signal fires.
   */
  async of(hash: PolicyHash | null, signal: AbortSignal): Promise<FleetRules> {
    const missingMs = this.#missingMsByHash.get(hash);
    if (missingMs !== undefined && performance.now() - missingMs < MISSING_MS) return DEFAULTS;
    for (let tried = 0; tried < TRIES; tried += 1) {
      signal.throwIfAborted();
      const known = this.known(hash) ?? (await this.#fetch(hash));
      if (known !== undefined) return known;
      await sleep(PAUSE_MS, undefined, { signal });
    }
    this.#logger.error({ hash }, 'no such fleet on policies.v1: the defaults hold');
    this.#missingMsByHash.set(hash, performance.now());
    return DEFAULTS;
  }

  async #fetch(hash: PolicyHash | null): Promise<FleetRules | undefined> {
    const files = await this.#filesOf(hash);
    if (files === undefined) return undefined;
    return this.#keep(hash, new FleetRules(this.#breakersOf(hash, files), groupsOf(files)));
  }

  #keep(hash: PolicyHash | null, rules: FleetRules): FleetRules {
    this.#byHash.set(hash, rules);
    for (const oldest of this.#byHash.keys()) {
      if (this.#byHash.size <= KEPT_MAX) break;
      if (oldest !== null) this.#byHash.delete(oldest);
    }
    return rules;
  }

  async #filesOf(hash: PolicyHash | null): Promise<Readonly<Record<string, string>> | undefined> {
    const codec = this.#log.codec('policies.v1');
    let fromOffset = await this.#log.startOffset('policies.v1', 0);
    for (;;) {
      const bounds = { fromOffset, maxRecords: READ_RECORDS };
      const batch = await this.#log.read('policies.v1', 0, bounds);
      await this.#log.learnSchemas(batch.records);
      for (const { key, value } of batch.records) {
        const files = key === hash && value !== null ? codec.decode(value).files : null;
        if (files !== null) return files;
      }
      if (batch.records.length === 0) return undefined;
      fromOffset = batch.nextOffset;
    }
  }

  #breakersOf(hash: PolicyHash | null, files: Readonly<Record<string, string>>): BreakersFile {
    const text = files['breakers.yaml'];
    const parsed = parseBreakers(text === undefined ? {} : readYaml(text));
    if (parsed.ok) return parsed.file;
    // It was checked before it was written: by another version of this software.
    const [problem] = parsed.problems;
    this.#logger.error({ hash, problem }, 'breakers.yaml cannot be read: the defaults hold');
    return NO_BREAKERS;
  }
}

function groupsOf(files: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  const root = readYaml(files['agents.yaml'] ?? '');
  const agents = isRecord(root) && isRecord(root['agents']) ? root['agents'] : {};
  return new Map(
    Object.entries(agents).map(([id, agent]): [string, readonly string[]] => {
      const groups: unknown = isRecord(agent) ? agent['groups'] : undefined;
      const isList = Array.isArray(groups);
      return [id, isList ? groups.filter((group) => typeof group === 'string') : []];
    }),
  );
}

function readYaml(text: string): unknown {
  try {
    return parse(text) ?? {};
  } catch (error) {
    return messageOf(error);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
