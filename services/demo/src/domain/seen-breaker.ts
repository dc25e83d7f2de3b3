/** A breaker as a person sees it: how it is, why, what was expected and what was observed. */
export interface SeenBreaker {
  readonly isOpen: boolean;
  /** Why, in one sentence; null: the answer does not say. */
  readonly sentence: string | null;
  /** All that a person reads of it, in one line. */
  readonly summary: string;
}

/** Reads an answer of `GET /v1/breakers/{id}`. What it does not hold is left out. */
export function seenBreaker(answer: unknown): SeenBreaker {
  const breaker = fieldsOf(fieldsOf(answer)['breaker']);
  const { mode, opens, explanation } = breaker;
  const times = typeof opens === 'number' && opens > 1 ? `, for the ${ordinal(opens)} time` : '';
  return {
    isOpen: mode === 'open',
    sentence: typeof explanation === 'string' ? explanation : null,
    summary: `breaker ${typeof mode === 'string' ? mode : 'closed'}${times}${numbersOf(answer)}`,
  };
}

function numbersOf(answer: unknown): string {
  const { signal, observed, expected } = fieldsOf(fieldsOf(answer)['finding']);
  const { low, high } = fieldsOf(expected);
  const isNumbered = [observed, low, high].every((number) => typeof number === 'number');
  return isNumbered ? `; ${signal}: ${observed} observed, ${low} to ${high} expected` : '';
}

function ordinal(n: number): string {
  const ending = ['th', 'st', 'nd', 'rd'][n % 10] ?? 'th';
  return n % 100 >= 11 && n % 100 <= 13 ? `${n}th` : `${n}${ending}`;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
