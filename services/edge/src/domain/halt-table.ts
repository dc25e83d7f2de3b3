/** All halts that an enforcement point has heard of, the ended ones for as long as permits live. */
import { isLive, scopeCovers, scopeText, supersedes } from '@estop/schemas/halts';
import type { HaltWord } from './halt-word.ts';

/** More scopes than any gateway keeps. */
const SCOPES_MAX = 20_000;

/** Whom a call is made by, and what is called. */
export interface Subject {
  readonly agentId: string;
  /** Null: not known here; then a halt of any group covers it. */
  readonly groups: readonly string[] | null;
  readonly tool: string;
}

export class HaltTable {
  readonly #wordByScope = new Map<string, HaltWord>();
  /** The newest epoch of a scope that voids permits from before it; a drain leaves it as it is. */
  readonly #voidEpochByScope = new Map<string, number>();

  /** Whether the word is news: the newest on its scope. */
  take(word: HaltWord): boolean {
    const scope = scopeText(word.scope);
    const known = this.#wordByScope.get(scope);
    if (known !== undefined && !supersedes(word, known)) return false;
    if (known === undefined && this.#wordByScope.size >= SCOPES_MAX) this.#dropOldestLifted();
    this.#wordByScope.set(scope, word);
    if (word.mode !== 'drain') this.#voidEpochByScope.set(scope, word.epoch);
    return true;
  }

  /** A halt in force that stops this call, or undefined. */
  covering(subject: Subject, nowMs: number): HaltWord | undefined {
    for (const word of this.#wordByScope.values()) {
      if (isLive(word, nowMs) && covers(word, subject)) return word;
    }
    return undefined;
  }

  /**
   * The word that voids a permit given under these epochs, or undefined. `drain` lets permits that
   * were given before it be used; every other halt voids them, also when it is over by now.
   */
  voiding(
    epochs: Readonly<Record<string, number>>,
    subject: Subject,
    nowMs: number,
  ): HaltWord | undefined {
    for (const [scope, word] of this.#wordByScope) {
      if (!covers(word, subject)) continue;
      if (word.mode !== 'drain' && isLive(word, nowMs)) return word;
      if ((this.#voidEpochByScope.get(scope) ?? 0) > (epochs[scope] ?? 0)) return word;
    }
    return undefined;
  }

  /** Only what can void nothing any more goes; with nothing of that kind the table grows. */
  #dropOldestLifted(): void {
    for (const [scope, word] of this.#wordByScope) {
      if (!word.lifted) continue;
      this.#wordByScope.delete(scope);
      this.#voidEpochByScope.delete(scope);
      return;
    }
  }
}

/** Whether a word on a scope is about this call. */
export function covers({ scope }: HaltWord, { agentId, groups, tool }: Subject): boolean {
  const unknown = groups === null && scope.group !== null;
  return scopeCovers(scope, { agentId, tool, groups: unknown ? [scope.group] : (groups ?? []) });
}
