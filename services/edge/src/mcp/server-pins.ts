/** The tools of one server, as far as their definitions were seen and are the pinned ones. */
import { sha256Text } from '@estop/schemas/digest';
import canonicalize from 'canonicalize';
import type { JsonRecord } from '../domain/call.ts';
import { isRecord } from '../domain/mcp/frame.ts';
import { type ParamHeader, paramHeadersOf } from '../domain/mcp/param-headers.ts';
import { type BarredTool, reviewTools, type SeenTool, TOOLS_MAX } from '../domain/mcp/tool-pins.ts';
import type { PinFile } from './pin-file.ts';

export type ToolStatus = 'pinned' | 'unseen' | BarredTool['why'];

/** Of the listing by which a server is first seen. */
const FIRST_PAGES_MAX = 100;

interface SeenDefinition extends SeenTool {
  readonly paramHeaders: readonly ParamHeader[];
}

export class ServerPins {
  readonly server: string;
  readonly #file: PinFile;
  readonly #note: (text: string) => void;
  /** What the server said in this session. */
  readonly #seen = new Map<string, SeenDefinition>();
  readonly #barred = new Map<string, BarredTool['why']>();
  /** Pages of first contact that may still come; null: no listing was seen yet. */
  #firstPages: number | null = null;

  /** Throws when the pins on disk cannot be understood. */
  constructor(server: string, file: PinFile, note: (text: string) => void) {
    this.server = server;
    this.#file = file;
    this.#note = note;
    file.read(server);
  }

  /** Pins what first contact shows, and answers the result without tools that are not pinned. */
  async review(result: JsonRecord): Promise<JsonRecord> {
    const { tools } = result;
    if (!Array.isArray(tools)) return result;
    const seen: SeenDefinition[] = [];
    const unreadable = new Set<unknown>();
    for (const tool of tools) {
      const one = seenTool(tool);
      if (one === undefined) unreadable.add(tool);
      else seen.push(one);
    }
    if (unreadable.size > 0) this.#note(`${unreadable.size} tools are hidden: no name, or no JSON`);
    const { nextCursor } = result;
    await this.#take(seen, nextCursor === undefined || nextCursor === null);
    const shown = tools.filter((tool) => !unreadable.has(tool) && !this.#isHidden(tool));
    return shown.length === tools.length ? result : withTools(result, shown);
  }

  /** What may be said of a tool now; what was accepted meanwhile counts. */
  statusOf(name: string): ToolStatus {
    const seen = this.#seen.get(name);
    if (seen === undefined) return 'unseen';
    const why = this.#barred.get(name);
    if (why === undefined) return 'pinned';
    const pins = this.#file.read(this.server);
    const isAccepted = Object.hasOwn(pins, name) && pins[name]?.pinned === seen.digest;
    if (isAccepted) this.#barred.delete(name);
    return isAccepted ? 'pinned' : why;
  }

  /** What its definition, as the server gave it last, wants repeated in headers. */
  paramHeadersOf(name: string): readonly ParamHeader[] {
    return this.#seen.get(name)?.paramHeaders ?? [];
  }

  /** The server says that its tools are others now: they must be seen anew. */
  forget(): void {
    this.#seen.clear();
    this.#barred.clear();
  }

  async #take(seen: readonly SeenDefinition[], isLastPage: boolean): Promise<void> {
    const room = TOOLS_MAX - this.#seen.size;
    const taken = seen.filter(({ name }, index) => this.#seen.has(name) || index < room);
    if (taken.length < seen.length) this.#note(`more than ${TOOLS_MAX} tools: the rest is refused`);
    let barred: readonly BarredTool[] = [];
    await this.#file.update(this.server, (before, isKnown) => {
      this.#firstPages ??= isKnown ? 0 : FIRST_PAGES_MAX;
      const review = reviewTools(before, taken, { isFirst: this.#firstPages > 0 });
      barred = review.barred;
      return review.isNews || !isKnown ? review.pins : null;
    });
    this.#firstPages = isLastPage ? 0 : Math.max(0, (this.#firstPages ?? 0) - 1);
    for (const one of taken) {
      this.#seen.set(one.name, one);
      this.#barred.delete(one.name);
    }
    for (const one of barred) this.#bar(one);
  }

  #bar({ name, why }: BarredTool): void {
    this.#barred.set(name, why);
    const tool = `${this.server}.${name}`;
    const what = why === 'new' ? `${tool} is new` : `the definition of ${tool} has changed`;
    this.#note(`${what}: refused until \`estop mcp --accept ${tool}\``);
  }

  #isHidden(tool: unknown): boolean {
    const name = isRecord(tool) ? tool['name'] : undefined;
    return typeof name !== 'string' || this.statusOf(name) !== 'pinned';
  }
}

function seenTool(tool: unknown): SeenDefinition | undefined {
  if (!isRecord(tool) || typeof tool['name'] !== 'string') return undefined;
  const { name } = tool;
  try {
    const text = canonicalize(tool);
    if (text === undefined) return undefined;
    return { name, digest: sha256Text(text), paramHeaders: paramHeadersOf(tool) };
  } catch {
    // A number or a text that RFC 8785 has no form for.
    return undefined;
  }
}

/** A listing that was changed is kept by nobody. */
function withTools(result: JsonRecord, tools: readonly unknown[]): JsonRecord {
  return 'ttlMs' in result ? { ...result, tools, ttlMs: 0 } : { ...result, tools };
}
