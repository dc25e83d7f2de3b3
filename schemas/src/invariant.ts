/** A broken promise of our own code. Never thrown for wire input: that is data. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Stops the process's current work when our own code is wrong; on in production. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
