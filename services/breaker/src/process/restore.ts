/**
 * The entries of a partition when it is taken over. They are a cache: where they disagree with each
 * other or with the audit log, the whole log is read instead.
 */
import type { EventLog, StoredRecord } from '@estop/log/port';
import { CHAIN_START, readChainBefore } from '@estop/log/run/chain-reader';
import { EntryHashes } from '@estop/log/run/entry-hashes';
import { readNewest } from '@estop/log/run/read-newest';
import { EstopError, messageOf } from '@estop/schemas/errors';
import { type AgentId, parseAgentId } from '@estop/schemas/ids';
import type { BreakerView } from '@estop/schemas/messages';
import { POSITION_KEY, type ReadPosition } from './entries.ts';

export interface Restored {
  readonly position: ReadPosition;
  readonly hashes: EntryHashes;
  readonly entryByAgent: ReadonlyMap<string, StoredRecord>;
  /** Agents whom the passing of time may concern. */
  readonly waiting: readonly AgentId[];
  /** Why the entries were not believed; null: they were, or there were none. */
  readonly disagreement: string | null;
  /** Keys to be forgotten before anything is written. */
  readonly stale: readonly string[];
}

const AT_START: ReadPosition = { ...CHAIN_START, at: 0 };

export async function restore(log: EventLog, partition: number): Promise<Restored> {
  const { newest } = await readNewest(log, 'breakers.v1', partition);
  const stored = newest.get(POSITION_KEY);
  const keys = [...newest.keys()];
  newest.delete(POSITION_KEY);
  if (stored === undefined) return fromStart(keys, null);
  try {
    if (![stored, ...newest.values()].every((one) => log.isLinked(one))) {
      throw new Error('an entry proves no writer');
    }
    return await believed(log, partition, { stored, newest });
  } catch (error) {
    if (error instanceof EstopError && error.retryable) throw error;
    // Whatever is wrong with a cache: the log is read instead.
    return fromStart(keys, messageOf(error));
  }
}

/** Throws where the entries cannot be believed. */
async function believed(
  log: EventLog,
  partition: number,
  { stored, newest }: { readonly stored: StoredRecord; readonly newest: Map<string, StoredRecord> },
): Promise<Restored> {
  const codec = log.codec('breakers.v1');
  const hashes = new EntryHashes();
  const waiting: AgentId[] = [];
  for (const [key, { value }] of newest) {
    if (value === null) continue;
    hashes.set(key, value);
    const agentId = parseAgentId(key);
    if (agentId === undefined) throw new Error(`${key} is no agent`);
    if (codec.decode(value).waiting) waiting.push(agentId);
  }
  const view = codec.decode(stored.value ?? Buffer.alloc(0));
  const disagreement = await disagreementOf(log, partition, { view, hashes });
  if (disagreement !== null) throw new Error(disagreement);
  const { offset: nextOffset, seq, at } = view;
  const head = { seq, hash: Buffer.from(view.head ?? []) };
  const position = { nextOffset, head, at };
  return { position, hashes, entryByAgent: newest, waiting, disagreement: null, stale: [] };
}

function fromStart(stale: readonly string[], disagreement: string | null): Restored {
  const hashes = new EntryHashes();
  const nothing = { entryByAgent: new Map(), waiting: [] };
  return { position: AT_START, hashes, ...nothing, disagreement, stale };
}

async function disagreementOf(
  log: EventLog,
  partition: number,
  { view, hashes }: { readonly view: BreakerView; readonly hashes: EntryHashes },
): Promise<string | null> {
  const { offset: nextOffset, seq, entries, entriesHash } = view;
  if (hashes.count !== entries) return `there are ${hashes.count} entries, ${entries} were written`;
  if (hashes.combined !== entriesHash) return 'the hash of the entries is another';
  const head = { seq, hash: Buffer.from(view.head ?? []) };
  const end = await log.endOffset('audit.v1', partition);
  if (end < nextOffset) return `the audit log ends at ${end}, ${nextOffset} was read`;
  if (nextOffset === 0) return null;
  const before = { head, nextOffset, voidRecords: 0 };
  const last = await readChainBefore(log, partition, { fromOffset: nextOffset - 1, before });
  return last === undefined ? `the audit record before ${nextOffset} is another` : null;
}
