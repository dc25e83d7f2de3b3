/**
 * Appends to a log until it is killed, or until it was refused and works again; prints each
 * acknowledged end offset, and the code of the first refusal.
 */
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';

const [, , path = ''] = process.argv;
const log = await openEmbeddedLog({ path, partitions: 2 });
const value = Buffer.alloc(1_000, 1);
for (let isAgain = false; ; ) {
  const batch = Array.from({ length: 20 }, (_, index) => ({ key: `k${index}`, value }));
  try {
    const { baseOffset } = await log.append('intents.v1', 1, batch);
    process.stdout.write(`${baseOffset + batch.length}\n`);
    if (isAgain) break;
  } catch (error) {
    if (!isAgain) process.stdout.write(`${(error as { code?: string }).code}\n`);
    isAgain = true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
await log.close();
