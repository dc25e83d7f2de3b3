/** Builds the history of the restart benchmark with the production decider, and dies at once. */
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { openKafkaLog } from '@estop/log/kafka/kafka-log';
import { appendIntents, decideAll } from './log-to-log.ts';

const { embedded, kafka, agents, intents } = JSON.parse(process.argv[2] ?? '{}');
const linkKey = Buffer.alloc(32, 7);
const log = embedded ? await openEmbeddedLog(embedded) : await openKafkaLog({ ...kafka, linkKey });
await appendIntents(log, intents, agents);
const perSecond = await decideAll(log, intents, { agents, isClosed: false });
process.stdout.write(`${JSON.stringify({ perSecond: Math.round(perSecond) })}\n`);
process.kill(process.pid, 'SIGKILL');
