/** Inputs are handed to a group before they are synced: what follows when the disk refuses them. */
import { Appender } from '@estop/log/embedded/appender';
import { DiskRoom } from '@estop/log/embedded/disk-room';
import { joinGroup } from '@estop/log/embedded/embedded-group';
import { GroupOffsets } from '@estop/log/embedded/group-offsets';
import { EmbeddedPartition } from '@estop/log/embedded/partition';
import { openStore, type Store } from '@estop/log/embedded/store';
import type { Membership, StoredRecord } from '@estop/log/port';
import { systemClock } from '@estop/runtime/clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestFolder, PARTITIONS, type TestFolder } from './test-folder.ts';

let folder: TestFolder;
let store: Store;
let intents: EmbeddedPartition;
let audit: EmbeddedPartition;
let appender: Appender;
let membership: Membership | undefined;
let disk: Disk;

/** The seam to the real disk: writes wait for it while it is held. */
class Disk {
  commits = 0;
  #held: { readonly promise: Promise<void>; readonly letGo: () => void } | null = null;

  hold(): void {
    let letGo: () => void = () => undefined;
    const promise = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    this.#held = { promise, letGo };
  }

  letGo(): void {
    this.#held?.letGo();
    this.#held = null;
  }

  async write(real: () => Promise<void>): Promise<void> {
    this.commits += 1;
    await this.#held?.promise;
    await real();
  }
}

beforeEach(async () => {
  folder = createTestFolder();
  disk = new Disk();
  const real = await openStore(folder.path, PARTITIONS);
  store = { ...real, write: (change) => disk.write(() => real.write(change)) };
  intents = new EmbeddedPartition(store, 'intents.v1', 0);
  audit = new EmbeddedPartition(store, 'audit.v1', 0);
  const room = new DiskRoom({ folder: folder.path, reserveBytes: 0, clock: systemClock });
  appender = new Appender(store, systemClock, { room, lastTimestampMs: 0 });
});

afterEach(async () => {
  await membership?.close();
  membership = undefined;
  await store.root.close();
  await folder.dispose();
});

function append(partition: EmbeddedPartition, text: string) {
  return appender.append({ partition, records: [{ key: 'k', value: Buffer.from(text) }] });
}

function textsOf(records: readonly StoredRecord[]): string[] {
  return records.map(({ value }) => `${value}`);
}

/** Joins a group of one partition; a run takes the inputs for which the audit has no record. */
function join(onInputs: (texts: string[]) => Promise<void> | void) {
  membership = joinGroup(
    { partitions: 1, partitionOf: () => intents, groupOffsets: new GroupOffsets(store) },
    {
      group: 'g',
      inputs: ['intents.v1'],
      async run(assignment) {
        await assignment.seek(new Map([['intents.v1', audit.endOffset]]));
        while (!assignment.signal.aborted) {
          await onInputs(textsOf(await assignment.next(10, 1_000)));
        }
      },
      onFailure: (_partition, error) => expect.unreachable(String(error)),
    },
  );
}

describe('a staged input', () => {
  it('reaches the group before it is synced, and nobody else', async () => {
    const seen: string[] = [];
    join((texts) => void seen.push(...texts));
    disk.hold();
    const appended = append(intents, 'a');
    await vi.waitFor(() => expect(seen).toEqual(['a']));
    expect(intents.endOffset).toBe(0);
    expect(intents.read(0, 10).records).toEqual([]);
    disk.letGo();
    expect(await appended).toMatchObject({ baseOffset: 0 });
    expect(textsOf(intents.read(0, 10).records)).toEqual(['a']);
  });

  it('is synced together with what was decided on it', async () => {
    const decided: Promise<unknown>[] = [];
    join((texts) => {
      for (const text of texts) {
        const records = [{ key: 'k', value: Buffer.from(`decided ${text}`) }];
        const head = { partition: audit, records, offset: audit.stagedEnd };
        decided.push(appender.appendAt(head, []));
      }
    });
    await append(intents, 'a');
    await Promise.all(decided);
    expect(textsOf(audit.read(0, 10).records)).toEqual(['decided a']);
    expect(disk.commits).toBe(1);
  });
});
