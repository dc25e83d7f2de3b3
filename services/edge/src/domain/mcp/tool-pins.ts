/**
 * Pinned tool definitions. What a tool says of itself steers the model that calls it, so the first
 * definition that was seen is the one that counts; another one is refused until an operator has
 * accepted it.
 */

/** What is known of one tool; both are `sha256:` over the RFC 8785 text of its definition. */
export interface ToolPin {
  readonly pinned: string;
  /** What it was seen to be instead, and waits to be accepted. */
  readonly changed?: string;
}

export type PinByTool = Readonly<Record<string, ToolPin>>;
export type PinsByServer = Readonly<Record<string, PinByTool>>;

export const TOOLS_MAX = 10_000;

export interface SeenTool {
  readonly name: string;
  readonly digest: string;
}

export interface Review {
  readonly pins: PinByTool;
  /** Whether `pins` says something new. */
  readonly isNews: boolean;
  /** Names of tools whose definition is not the pinned one. */
  readonly changed: readonly string[];
}

/** Holds what was seen against what is pinned, and pins what is seen for the first time. */
export function reviewTools(before: PinByTool, seen: readonly SeenTool[]): Review {
  const pins = new Map(Object.entries(before));
  const changed: string[] = [];
  let isNews = false;
  for (const { name, digest } of seen) {
    const pin = pins.get(name);
    if (pin?.pinned !== digest && pin !== undefined) changed.push(name);
    const next = nextPin(pin, digest);
    if (next === pin) continue;
    pins.set(name, next);
    isNews = true;
  }
  return { pins: Object.fromEntries(pins), isNews, changed };
}

/** What was changed and came back as it was needs no acceptance any more. */
function nextPin(pin: ToolPin | undefined, digest: string): ToolPin {
  if (pin === undefined) return { pinned: digest };
  if (pin.pinned === digest) return pin.changed === undefined ? pin : { pinned: digest };
  return pin.changed === digest ? pin : { pinned: pin.pinned, changed: digest };
}

export interface Accepted {
  readonly pins: PinByTool;
  readonly names: readonly string[];
}

/** Takes the changed definitions as the pinned ones: of one tool, or of all. */
export function acceptChanges(before: PinByTool, tool: string | undefined): Accepted {
  const names = Object.entries(before)
    .filter(([name, pin]) => pin.changed !== undefined && (tool === undefined || tool === name))
    .map(([name]) => name);
  const next = Object.entries(before).map(([name, pin]) =>
    names.includes(name) ? [name, { pinned: pin.changed ?? pin.pinned }] : [name, pin],
  );
  return { pins: Object.fromEntries(next), names };
}
