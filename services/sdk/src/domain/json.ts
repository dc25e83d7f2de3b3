/** A JSON object whose members have not been looked at. */
export type JsonRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Appends one step to a JSON pointer (RFC 6901). */
export function pointerTo(parent: string, step: string): string {
  return `${parent}/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
