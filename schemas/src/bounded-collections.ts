/**
 * Arrays and maps whose block counts are held against the bytes that are left. avsc believes a count
 * and only looks at the end whether the bytes were there: a few bytes that say 2^40 items keep it busy
 * for hours, and a negative length leads it back to where it was.
 * Format: https://avro.apache.org/docs/1.12.0/specification/#arrays-1
 */
import avro from 'avsc';

/** What avsc hands to `_read`; no part of its declared types. */
interface Tap {
  readonly buf: Uint8Array;
  readonly pos: number;
  readLong(): number;
  skipLong(): void;
  readString(): string;
}

interface Reader {
  _read(tap: Tap): unknown;
}

class BoundedArray extends avro.types.ArrayType {
  _read(tap: Tap): unknown[] {
    const items: unknown[] = [];
    const reader = this.itemsType as unknown as Reader;
    readBlocks(tap, () => items.push(reader._read(tap)));
    return items;
  }
}

class BoundedMap extends avro.types.MapType {
  _read(tap: Tap): Readonly<Record<string, unknown>> {
    const entries: [string, unknown][] = [];
    const reader = this.valuesType as unknown as Reader;
    readBlocks(tap, () => entries.push([tap.readString(), reader._read(tap)]));
    // Own properties, so that a key named __proto__ is only a key.
    return Object.fromEntries(entries);
  }
}

/** Every item takes at least a byte in our schemas. */
function readBlocks(tap: Tap, readItem: () => void): void {
  for (let count = blockCount(tap); count !== 0; count = blockCount(tap)) {
    if (count > tap.buf.length - tap.pos) throw new RangeError('more items than there are bytes');
    for (; count > 0; count -= 1) {
      const before = tap.pos;
      readItem();
      if (tap.pos <= before) throw new RangeError('an item of a negative length');
    }
  }
}

/** A negative count has the size of its block behind it. */
function blockCount(tap: Tap): number {
  const count = tap.readLong();
  if (count >= 0) return count;
  tap.skipLong();
  return -count;
}

/** For avsc's `typeHook`: bounded types in the place of its own. */
export function boundCollections(
  schema: avro.Schema,
  options: avro.ForSchemaOptions,
): avro.Type | undefined {
  if (typeof schema !== 'object' || schema === null || !('type' in schema)) return undefined;
  if (schema.type === 'array') return new BoundedArray(schema, options);
  return schema.type === 'map' ? new BoundedMap(schema, options) : undefined;
}
