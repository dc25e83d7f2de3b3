import { MemoryLog } from '@estop/log/memory-log';
import {
  CHAIN_START,
  type ChainPosition,
  readChain,
  readChainBefore,
} from '@estop/log/run/chain-reader';
import { ChainWriter } from '@estop/log/run/chain-writer';
import { beforeEach, describe, expect, it } from 'vitest';

let log: MemoryLog;

beforeEach(() => {
  log = new MemoryLog({ partitions: 1 });
});

/** Appends records of one writer behind a position, wherever the log ends. */
async function write(position: ChainPosition, count: number, name: string): Promise<void> {
  const writer = new ChainWriter(log, { partition: 0, writer: name, position });
  for (let index = 0; index < count; index += 1) {
    writer.link({
      cause: { topic: 'takeover', partition: 0, offset: -1 },
      at: index,
      subject: null,
      policyHash: null,
      events: [{ type: 'WriterStarted', writer: name, version: 'test' }],
    });
  }
  await writer.commit([]).proven.catch(() => undefined);
}

function end(): Promise<ChainPosition> {
  return readChain(log, 0, { onRecord: () => undefined });
}

async function offsetsBefore(fromOffset: number, before: ChainPosition) {
  const valid = await readChainBefore(log, 0, { fromOffset, before });
  return valid?.map(({ stored, record }) => [stored.offset, record.writer]);
}

describe('the records before a position', () => {
  it('are those that a reader from the start finds valid, and no others', async () => {
    await write(CHAIN_START, 2, 'first');
    const fork = await end();
    await write(fork, 1, 'second');
    // The late records of a writer that lost: void.
    await write(fork, 2, 'first');
    await write(await end(), 2, 'third');
    expect(await offsetsBefore(1, await end())).toEqual([
      [1, 'first'],
      [2, 'second'],
      [5, 'third'],
      [6, 'third'],
    ]);
  });

  it('are none before the start', async () => {
    expect(await offsetsBefore(0, CHAIN_START)).toEqual([]);
  });

  it('are not known when the log holds another record there, or none', async () => {
    await write(CHAIN_START, 3, 'first');
    const position = await end();
    const { head } = position;
    const other = { ...head, hash: Buffer.alloc(32, 1) };
    expect(await offsetsBefore(2, { ...position, head: other })).toBeUndefined();
    expect(await offsetsBefore(2, { ...position, head: { ...head, seq: 7 } })).toBeUndefined();
    expect(await offsetsBefore(2, { ...position, nextOffset: 4 })).toBeUndefined();
  });
});

describe('a chain that a process has seen proven', () => {
  const nothing = { onRecord: () => undefined };

  it('is read on as long as it goes through the head that was proven', async () => {
    await write(CHAIN_START, 2, 'first');
    const { head } = await end();
    await write(await end(), 2, 'second');
    expect((await readChain(log, 0, { ...nothing, through: head })).nextOffset).toBe(4);
  });

  it('is refused when other records stand in the place of those that vanished', async () => {
    await write(CHAIN_START, 2, 'first');
    const { head } = await end();
    log = new MemoryLog({ partitions: 1 });
    await write(CHAIN_START, 3, 'another');
    await expect(readChain(log, 0, { ...nothing, through: head })).rejects.toMatchObject({
      code: 'log-truncated',
    });
  });

  it('is refused when it ends before that head', async () => {
    await write(CHAIN_START, 2, 'first');
    const { head } = await end();
    log = new MemoryLog({ partitions: 1 });
    await write(CHAIN_START, 1, 'first');
    await expect(readChain(log, 0, { ...nothing, through: head })).rejects.toMatchObject({
      code: 'log-truncated',
    });
  });
});
