/** Records of breakers.v1: one entry per agent, and how far the partition was read. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { EventLog, NewRecord } from '@estop/log/port';
import type { ChainPosition } from '@estop/log/run/chain-reader';
import type { EntryHashes } from '@estop/log/run/entry-hashes';
import type { AgentId } from '@estop/schemas/ids';
import type { BreakerView } from '@estop/schemas/messages';
import type { AgentWatch } from '../domain/watch/agent-watch.ts';
import { isWaiting } from '../domain/watch/fold.ts';
import { decodeWatch, encodeWatch, STATE_BYTES, toldText } from '../domain/watch/watch-codec.ts';

/** No agent's id holds a slash. */
export const POSITION_KEY = '/position';

/** Most of a block is zeros: the quickest level finds them all. */
const CHUNK = { chunkSize: 8 * 1_024 } as const;
const DEFLATE = { level: 1, ...CHUNK } as const;
const NOTHING = Buffer.alloc(0);

/** Where in the audit log an entry is taken. */
export interface Taken {
  readonly partition: number;
  readonly nextOffset: number;
  readonly at: number;
}

export function entryRecord(log: EventLog, watch: AgentWatch, taken: Taken): NewRecord {
  const value = log.codec('breakers.v1').encode({
    subject: watch.agentId,
    partition: taken.partition,
    offset: taken.nextOffset,
    at: taken.at,
    seq: -1,
    head: null,
    entries: 0,
    entriesHash: null,
    waiting: isWaiting(watch, taken.at),
    told: toldText(watch.told),
    state: deflated(watch),
  });
  return { key: watch.agentId, value };
}

export function positionRecord(
  log: EventLog,
  { partition, position }: { readonly partition: number; readonly position: ReadPosition },
  hashes: EntryHashes,
): NewRecord {
  const { nextOffset, head, at } = position;
  const value = log.codec('breakers.v1').encode({
    subject: POSITION_KEY,
    partition,
    offset: nextOffset,
    at,
    seq: head.seq,
    head: head.hash,
    entries: hashes.count,
    entriesHash: hashes.combined,
    waiting: false,
    told: null,
    state: NOTHING,
  });
  return { key: POSITION_KEY, value };
}

/** A place in the audit log, and the time of the newest record before it. */
export interface ReadPosition extends Pick<ChainPosition, 'nextOffset' | 'head'> {
  readonly at: number;
}

/** Undefined for bytes of another layout. */
export function watchOf(agentId: AgentId, { state }: BreakerView): AgentWatch | undefined {
  const bytes = inflateRawSync(state, CHUNK);
  if (bytes.length < STATE_BYTES) return undefined;
  const rest = bytes.toString('utf8', STATE_BYTES);
  return decodeWatch(agentId, { block: bytes.subarray(0, STATE_BYTES), rest });
}

function deflated(watch: AgentWatch): Buffer {
  const { block, rest } = encodeWatch(watch);
  return deflateRawSync(Buffer.concat([block, Buffer.from(rest, 'utf8')]), DEFLATE);
}
