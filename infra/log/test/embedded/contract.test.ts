import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { MemoryLog } from '@estop/log/memory-log';
import { describeEventLogContract } from '../contract/event-log-contract.ts';

const PARTITIONS = 3;

describeEventLogContract('the embedded log', async () => {
  const path = mkdtempSync(join(tmpdir(), 'estop-log-'));
  let log = await openEmbeddedLog({ path, partitions: PARTITIONS });
  return {
    log,
    async reopen() {
      await log.close();
      log = await openEmbeddedLog({ path, partitions: PARTITIONS });
      return log;
    },
    async dispose() {
      await log.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
});

describeEventLogContract(
  'the log in memory',
  async () => {
    let log = new MemoryLog({ partitions: PARTITIONS });
    return {
      log,
      async reopen() {
        await log.close();
        log = log.reopened();
        return log;
      },
      dispose: () => log.close(),
    };
  },
  { isInMemory: true },
);
