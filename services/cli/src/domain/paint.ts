/** Colours for people; the identity where they are not wanted. */
export type Paint = (text: string) => string;

export interface Painter {
  readonly good: Paint;
  readonly bad: Paint;
  readonly waiting: Paint;
  readonly dim: Paint;
  readonly strong: Paint;
}

export function createPainter(enabled: boolean): Painter {
  const code =
    (open: number, close: number): Paint =>
    (text) =>
      enabled ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    good: code(32, 39),
    bad: code(31, 39),
    waiting: code(33, 39),
    dim: code(2, 22),
    strong: code(1, 22),
  };
}

/** A decision in its colour. */
export function paintDecision(painter: Painter, decision: string): string {
  if (decision === 'allow') return painter.good(decision);
  return decision === 'deny' ? painter.bad(decision) : painter.waiting(decision);
}

/**
 * Text from agents made harmless for a terminal: control characters and direction marks, which
 * could repaint what a person reads before approving, become visible.
 */
export function plain(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
