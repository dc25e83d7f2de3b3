/**
 * Words on scopes on their way to the log: tried again until it takes them, and kept on disk until
 * then.
 */
import type { EventLog } from '@estop/log/port';
import type { Logger } from '@estop/runtime/logger';
import { messageOf } from '@estop/schemas/errors';
import { scopeText } from '@estop/schemas/halts';
import type { Halt } from '@estop/schemas/messages';
import type { UnwrittenHalts } from './unwritten-halts.ts';

const REWRITE_MS = 1_000;

export interface HaltWriterDeps {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly unwritten: UnwrittenHalts;
  /** Whether a word that waits is to be written still; else it is let go. */
  readonly isWanted: (halt: Halt) => boolean;
}

export class HaltWriter {
  readonly #deps: HaltWriterDeps;
  /** In force here, and not in the log yet; the newest per scope. */
  readonly #unwritten = new Map<string, Halt>();
  #rewrite: NodeJS.Timeout | null = null;
  #isHeldBack = false;
  #keeping: Promise<void> = Promise.resolve();
  #isKeepOwed = false;

  constructor(deps: HaltWriterDeps) {
    this.#deps = deps;
  }

  /** What waits on a scope. */
  waitingOn(scope: string): Halt | undefined {
    return this.#unwritten.get(scope);
  }

  /** Takes a word that the log does not hold; resolves when it is kept on disk, or cannot be. */
  owe(halt: Halt): Promise<void> {
    this.#unwritten.set(scopeText(halt.scope), halt);
    return this.#keep();
  }

  /** Words of an earlier process, which are kept already. */
  oweKept(halt: Halt): void {
    this.#unwritten.set(scopeText(halt.scope), halt);
  }

  /** Writes nothing again before the log was read: what stands then is not known yet. */
  holdBack(): void {
    this.#isHeldBack = true;
  }

  release(): void {
    this.#isHeldBack = false;
    if (this.#unwritten.size > 0) this.writeLater();
  }

  /** Answers whether the log has taken it; else it is tried again. */
  async tryNow(halt: Halt): Promise<boolean> {
    try {
      await this.write(halt);
      this.written(halt);
      return true;
    } catch (error) {
      const { haltId } = halt;
      this.#deps.logger.error({ haltId, error: messageOf(error) }, 'halt not written; retrying');
      this.writeLater();
      return false;
    }
  }

  async write(halt: Halt): Promise<void> {
    const { log } = this.#deps;
    const value = log.codec('halts.v1').encode(halt);
    await log.publish('halts.v1', 0, { key: scopeText(halt.scope), value });
  }

  /** The log holds it, or it is not wanted any more. */
  written(halt: Halt): void {
    const scope = scopeText(halt.scope);
    // A newer halt of this scope may have come meanwhile; it still waits.
    if (this.#unwritten.get(scope) !== halt) return;
    this.#unwritten.delete(scope);
    void this.#keep();
  }

  writeLater(): void {
    if (this.#isHeldBack) return;
    this.#rewrite ??= setTimeout(() => {
      this.#rewrite = null;
      this.#rewriteAll().catch((error: unknown) => {
        this.#deps.logger.error({ error: messageOf(error) }, 'halts not written; retrying');
        this.writeLater();
      });
    }, REWRITE_MS);
  }

  close(): void {
    if (this.#rewrite !== null) clearTimeout(this.#rewrite);
  }

  async #rewriteAll(): Promise<void> {
    for (const halt of [...this.#unwritten.values()]) {
      if (this.#deps.isWanted(halt)) await this.write(halt);
      this.written(halt);
    }
  }

  /** Keeps what is unwritten; a disk that refuses takes no halt out of force. */
  #keep(): Promise<void> {
    if (this.#isKeepOwed) return this.#keeping;
    this.#isKeepOwed = true;
    const { unwritten, logger } = this.#deps;
    this.#keeping = this.#keeping
      .then(() => {
        this.#isKeepOwed = false;
        return unwritten.save([...this.#unwritten.values()]);
      })
      .catch((error: unknown) => {
        logger.error({ error: messageOf(error) }, 'halts that are not written are not kept either');
      });
    return this.#keeping;
  }
}
