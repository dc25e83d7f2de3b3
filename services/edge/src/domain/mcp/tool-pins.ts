/**
 * Pinned tool definitions. What a tool says of itself steers the model that calls it, so what a server
 * lists on first contact is what counts; another definition, and a tool that comes later, is refused
 * until an operator has accepted it.
 */

/** What is known of one tool; both are `sha256:` over the RFC 8785 text of its definition. */
export interface ToolPin {
  /** Null: it came after first contact, and nobody has accepted it. */
  readonly pinned: string | null;
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
  /** Tools that wait to be accepted as they were seen. */
  readonly barred: readonly BarredTool[];
}

export interface BarredTool {
  readonly name: string;
  readonly why: 'changed' | 'new';
}

/** Holds what was seen against what is pinned; on first contact, pins what is seen. */
export function reviewTools(
  before: PinByTool,
  seen: readonly SeenTool[],
  { isFirst }: { readonly isFirst: boolean },
): Review {
  const pins = new Map(Object.entries(before));
  const barred: BarredTool[] = [];
  let isNews = false;
  for (const { name, digest } of seen) {
    const pin = pins.get(name);
    const next = pin === undefined ? firstPin(digest, isFirst) : nextPin(pin, digest);
    const why = next.pinned === null ? 'new' : 'changed';
    if (next.pinned !== digest) barred.push({ name, why });
    // A server that lists ever more tools does not fill the disk: the rest is refused, and not kept.
    if (next === pin || (pin === undefined && pins.size >= TOOLS_MAX)) continue;
    pins.set(name, next);
    isNews = true;
  }
  return { pins: Object.fromEntries(pins), isNews, barred };
}

function firstPin(digest: string, isFirst: boolean): ToolPin {
  return isFirst ? { pinned: digest } : { pinned: null, changed: digest };
}

/** What was changed and came back as it was needs no acceptance any more. */
function nextPin(pin: ToolPin, digest: string): ToolPin {
  if (pin.pinned === digest) return pin.changed === undefined ? pin : { pinned: digest };
  return pin.changed === digest ? pin : { pinned: pin.pinned, changed: digest };
}

export interface Accepted {
  readonly pins: PinByTool;
  readonly names: readonly string[];
}

/** Takes the definitions that wait as the pinned ones: of one tool, or of all. */
export function acceptChanges(before: PinByTool, tool: string | undefined): Accepted {
  const names = Object.entries(before)
    .filter(([name, pin]) => pin.changed !== undefined && (tool === undefined || tool === name))
    .map(([name]) => name);
  const next = Object.entries(before).map(([name, pin]) =>
    names.includes(name) ? [name, { pinned: pin.changed ?? pin.pinned }] : [name, pin],
  );
  return { pins: Object.fromEntries(next), names };
}
