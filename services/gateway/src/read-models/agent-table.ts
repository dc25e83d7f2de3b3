/** The newest view of every agent and person: credentials, states, and answers to commands. */
import { type CommandId, parseSubject, type SubjectId } from '@estop/schemas/ids';
import type { AgentView, AnswerView } from '@estop/schemas/messages';

/** Subjects kept; more are not known here, so their credentials prove nothing here. */
const SUBJECTS_MAX = 100_000;

export interface KnownCredential {
  readonly subject: SubjectId;
  readonly secretHash: string;
}

/** What became of a command, and the view that says so. */
export interface CommandAnswer {
  readonly answer: AnswerView;
  readonly view: AgentView;
}

export class AgentTable {
  readonly #viewBySubject = new Map<SubjectId, AgentView>();
  readonly #credentialById = new Map<string, KnownCredential>();
  readonly #waiterByCommand = new Map<CommandId, (answer: CommandAnswer) => void>();

  /** Answers whether the view is news: not older than the one that is known. */
  take(view: AgentView): boolean {
    const known = this.#viewBySubject.get(view.subject);
    // Of a writer that came to its effects after the next one had gone on: a key may be gone since.
    const isNews = known === undefined || !isOlder(view.record, known.record);
    if (isNews) this.#keep(view);
    this.#answerWaiters(view);
    return isNews;
  }

  #keep(view: AgentView): void {
    // Each partition has a view of a shared limit; their sum is kept elsewhere.
    if (parseSubject(view.subject)?.kind === 'limit') return;
    const known = this.#viewBySubject.get(view.subject);
    if (known === undefined && this.#viewBySubject.size >= SUBJECTS_MAX) return;
    for (const { credentialId } of known?.credentials ?? []) {
      this.#credentialById.delete(credentialId);
    }
    this.#viewBySubject.set(view.subject, view);
    for (const { credentialId, secretHash } of view.credentials) {
      if (secretHash === null) continue;
      this.#credentialById.set(credentialId, { subject: view.subject, secretHash });
    }
  }

  forget(subject: SubjectId): void {
    for (const { credentialId } of this.#viewBySubject.get(subject)?.credentials ?? []) {
      this.#credentialById.delete(credentialId);
    }
    this.#viewBySubject.delete(subject);
  }

  view(subject: SubjectId): AgentView | undefined {
    return this.#viewBySubject.get(subject);
  }

  views(): Iterable<AgentView> {
    return this.#viewBySubject.values();
  }

  credential(credentialId: string): KnownCredential | undefined {
    return this.#credentialById.get(credentialId);
  }

  /** Calls back once, when the command is answered, unless the returned function is called first. */
  onAnswer(commandId: CommandId, listener: (answer: CommandAnswer) => void): () => void {
    this.#waiterByCommand.set(commandId, listener);
    return () => this.#waiterByCommand.delete(commandId);
  }

  #answerWaiters(view: AgentView): void {
    if (this.#waiterByCommand.size === 0) return;
    for (const answer of view.answers) {
      const waiter = this.#waiterByCommand.get(answer.commandId);
      if (waiter === undefined) continue;
      this.#waiterByCommand.delete(answer.commandId);
      waiter({ answer, view });
    }
  }
}

/** Whether a view was made before another one of the same subject. */
export function isOlder(record: AgentView['record'], known: AgentView['record']): boolean {
  return record.partition === known.partition && record.offset < known.offset;
}
