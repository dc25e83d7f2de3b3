/** Tells a wrong method (405, with Allow) from a wrong path (404). */

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

export class MethodTable {
  readonly #pathByUrl = new Map<string, KnownPath>();

  add(url: string, method: string): void {
    const known = this.#pathByUrl.get(url);
    if (known !== undefined) {
      known.methods.add(method);
      return;
    }
    const source = url
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('/');
    this.#pathByUrl.set(url, { pattern: new RegExp(`^${source}$`), methods: new Set([method]) });
  }

  /** The methods of a path, for the Allow header; empty: there is no such path. */
  allowed(path: string): readonly string[] {
    const methods = new Set<string>();
    for (const known of this.#pathByUrl.values()) {
      if (!known.pattern.test(path)) continue;
      for (const method of known.methods) methods.add(method);
    }
    return [...methods];
  }
}
