/** Followers and memberships that are open on a log, so that closing the log ends them. */

interface Closable {
  close(): Promise<void>;
}

export class OpenHandles {
  readonly #open = new Set<Closable>();

  /** The same handle, remembered until it is closed. */
  keep<Handle extends Closable>(handle: Handle): Handle {
    const { close } = handle;
    const kept = {
      ...handle,
      close: async () => {
        this.#open.delete(kept);
        await close();
      },
    };
    this.#open.add(kept);
    return kept;
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open].map((open) => open.close()));
  }
}
