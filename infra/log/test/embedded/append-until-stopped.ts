/**
 * Appends to a log until it is killed or refused; prints each acknowledged end offset, then the code
 * of the refusal, what a ping and another append say after it, and how often the failure was told.
 */
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';

const [, , path = ''] = process.argv;
let told = 0;
const onFailure = () => {
  told += 1;
};
const log = await openEmbeddedLog({ path, partitions: 2, onFailure });
const value = Buffer.alloc(1_000, 1);
const batch = Array.from({ length: 20 }, (_, index) => ({ key: `k${index}`, value }));
const append = () => log.append('intents.v1', 1, batch);

for (let refusal: unknown; refusal === undefined; ) {
  try {
    const { baseOffset } = await append();
    process.stdout.write(`${baseOffset + batch.length}\n`);
  } catch (error) {
    refusal = error;
    process.stdout.write(`${codeOf(error)}\n`);
  }
}
process.stdout.write(`ping ${await log.ping().catch(codeOf)}\n`);
process.stdout.write(`again ${await append().catch(codeOf)}\n`);
process.stdout.write(`told ${told}\n`);
await log.close();

function codeOf(error: unknown): string {
  return String((error as { code?: string }).code);
}
