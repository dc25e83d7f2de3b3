/**
 * Appends to a log until it is killed, or until it was refused and works again; prints each
 * acknowledged end offset, the code of the first refusal and what a ping then says, and the ping
 * that succeeds again.
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
    process.stdout.write(`${(error as { code?: string }).code}\n`);
    isAgain = true;
    let answer = await ping();
    process.stdout.write(`ping ${answer}\n`);
    while (answer !== 'ok') {
      await new Promise((resolve) => setTimeout(resolve, 20));
      answer = await ping();
    }
    process.stdout.write('ping ok\n');
  }
}
await log.close();

async function ping(): Promise<string | undefined> {
  try {
    await log.ping();
    return 'ok';
  } catch (error) {
    return (error as { code?: string }).code;
  }
}
