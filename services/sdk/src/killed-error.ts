/** A guarded call that was running when a person killed what covers it. */
export class KilledError extends Error {
  override readonly name = 'KilledError';

  constructor(reason: unknown) {
    super(reason instanceof Error ? reason.message : 'killed');
  }
}
