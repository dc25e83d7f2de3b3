/** A process that owns partitions: what it has heard of halts and fleets, and how far logs went. */
import type { ChainHead } from '@estop/log/chain';
import type { Fleet } from '@estop/policy/domain/fleet';
import { scopeText, supersedes } from '@estop/schemas/halts';
import type { PolicyHash } from '@estop/schemas/ids';
import type { SimLog, StoredInput } from '../log/sim-log.ts';

export class SimProcess {
  readonly name: string;
  /** How many records of each control topic have arrived. */
  knownHalts = 0;
  knownFleets = 0;
  /** The last head that was seen proven, by audit partition. */
  readonly provenHeads = new Map<number, ChainHead>();
  readonly #log: SimLog;
  readonly #fleetByHash: ReadonlyMap<PolicyHash, Fleet>;
  readonly #haltByScope = new Map<string, StoredInput>();
  readonly #loaded = new Set<PolicyHash>();
  #fleet: StoredInput | undefined;

  constructor(name: string, log: SimLog, fleetByHash: ReadonlyMap<PolicyHash, Fleet>) {
    this.name = name;
    this.#log = log;
    this.#fleetByHash = fleetByHash;
    // Nobody decides before the feed has caught up once.
    this.hear(Number.POSITIVE_INFINITY);
  }

  /** Takes up to so many records of each control topic. */
  hear(count: number): void {
    const { halts, fleets } = this.#log;
    for (let n = 0; n < count && this.knownHalts < halts.length; n += 1) {
      this.#hearHalt(halts[this.knownHalts]);
      this.knownHalts += 1;
    }
    for (let n = 0; n < count && this.knownFleets < fleets.length; n += 1) {
      const stored = fleets[this.knownFleets];
      if (stored?.input.type === 'fleet') this.#loaded.add(stored.input.hash);
      this.#fleet = stored;
      this.knownFleets += 1;
    }
  }

  /** As the control feed does: an older word that comes late is not taken. */
  #hearHalt(stored: StoredInput | undefined): void {
    if (stored?.input.type !== 'halt') return;
    const { halt } = stored.input;
    const known = this.#haltByScope.get(scopeText(halt.scope))?.input;
    if (known?.type === 'halt' && !supersedes(halt, known.halt)) return;
    this.#haltByScope.set(scopeText(halt.scope), stored);
  }

  fleet(hash: PolicyHash | null): Fleet | null {
    if (hash === null || !this.#loaded.has(hash)) return null;
    return this.#fleetByHash.get(hash) ?? null;
  }

  /** What a partition has not recorded: fleets before halts, in log order. */
  controlsFor(partition: number, next: ReadonlyMap<string, number>): readonly StoredInput[] {
    const controls: StoredInput[] = [];
    if (this.#fleet !== undefined && this.#fleet.offset >= (next.get('policies.v1') ?? 0)) {
      controls.push(this.#fleet);
    }
    const from = next.get('halts.v1') ?? 0;
    if (from >= this.knownHalts) return controls;
    const halts: StoredInput[] = [];
    for (const stored of this.#haltByScope.values()) {
      if (stored.offset >= from && this.#isFor(partition, stored)) halts.push(stored);
    }
    return [...controls, ...halts.sort((one, other) => one.offset - other.offset)];
  }

  #isFor(partition: number, { input }: StoredInput): boolean {
    const agent = input.type === 'halt' ? input.halt.scope.agent : null;
    return agent === null || this.#log.partitionOf(agent) === partition;
  }
}
