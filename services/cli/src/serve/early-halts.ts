/**
 * Halts that are said while the process starts, as it does for as long as Kafka is away: kept on disk
 * among those that the log does not hold, where the gateway finds them before it serves.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HaltBody, haltBody } from '@estop/gateway/domain/halt-body';
import { type HaltRequest, nextHalt } from '@estop/gateway/domain/next-halt';
import type { UnwrittenHalts } from '@estop/gateway/unwritten-halts';
import type { Clock } from '@estop/runtime/clock';
import type { Logger } from '@estop/runtime/logger';
import { EstopError, messageOf } from '@estop/schemas/errors';
import { isLive, scopeText } from '@estop/schemas/halts';
import { haltIdOf } from '@estop/schemas/ids';
import type { Halt } from '@estop/schemas/messages';

const SCOPES_MAX = 1_000;
/** How long who stops something waits for the disk. */
const KEEP_WAIT_MS = 2_000;

export interface EarlyHaltsDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly unwritten: UnwrittenHalts;
}

export class EarlyHalts implements UnwrittenHalts {
  readonly #deps: EarlyHaltsDeps;
  /** What earlier processes left, and what was said since; null: nobody has asked yet. */
  #haltByScope: Map<string, Halt> | null = null;
  #saving: Promise<void> = Promise.resolve();

  constructor(deps: EarlyHaltsDeps) {
    this.#deps = deps;
  }

  /** As that of a gateway; a disk that refuses keeps nothing from being halted when it serves. */
  async stop(
    request: HaltRequest,
  ): Promise<{ readonly halt: HaltBody; readonly isWritten: false; readonly isEarly: true }> {
    const { clock, logger } = this.#deps;
    const haltByScope = this.#loaded();
    const scope = scopeText(request.scope);
    const known = haltByScope.get(scope);
    // One more, the fleet, is always taken.
    const isFull = haltByScope.size >= SCOPES_MAX && !request.scope.fleet;
    if (known === undefined && isFull) {
      throw new EstopError('log-overloaded', `${SCOPES_MAX} scopes are halted: halt the fleet`);
    }
    const haltId = haltIdOf(randomUUID());
    const at = clock.nowMs();
    const standing = known !== undefined && isLive(known, at) ? known : undefined;
    const epochs = [...haltByScope.values()].map((one) => one.epoch);
    // The gateway gives it the next epoch once it has read which one that is.
    const epoch = Math.max(0, ...epochs) + 1;
    const halt = nextHalt(request, { haltId, epoch, at, standing });
    haltByScope.set(scope, halt);
    const kept = this.save([...haltByScope.values()]);
    const hangs = sleep(KEEP_WAIT_MS, undefined, { ref: false }).then(() => {
      throw new Error('the disk hangs');
    });
    await Promise.race([kept, hangs]).catch((error: unknown) => {
      logger.error({ haltId, error: messageOf(error) }, 'an early halt may not be kept on disk');
    });
    return { halt: haltBody(halt, at), isWritten: false, isEarly: true };
  }

  load(): readonly Halt[] {
    return [...this.#loaded().values()];
  }

  /** One after the other: what was said last stays. */
  save(halts: readonly Halt[]): Promise<void> {
    const saved = this.#saving.then(() => this.#deps.unwritten.save(halts));
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  #loaded(): Map<string, Halt> {
    this.#haltByScope ??= new Map(
      this.#deps.unwritten.load().map((halt) => [scopeText(halt.scope), halt]),
    );
    return this.#haltByScope;
  }
}
