/**
 * Bytes as a view of the value that they stand in. avsc copies each into a buffer of its own, which
 * for the hundred thousand entries of a snapshot takes longer than everything else about them. A
 * view keeps the whole value in memory: who keeps bytes for long copies them.
 */
import avro from 'avsc';

/** What avsc hands to `_read`; no part of its declared types. */
interface Tap {
  readonly buf: Buffer;
  pos: number;
  readLong(): number;
}

class BytesView extends avro.types.BytesType {
  _read(tap: Tap): Buffer {
    const length = tap.readLong();
    const start = tap.pos;
    const end = start + length;
    if (length < 0 || end > tap.buf.length) throw new RangeError('more bytes than there are');
    tap.pos = end;
    return tap.buf.subarray(start, end);
  }
}

/** For avsc's `typeHook`: views in the place of copies. */
export function viewBytes(schema: avro.Schema): avro.Type | undefined {
  return schema === 'bytes' ? new BytesView() : undefined;
}
