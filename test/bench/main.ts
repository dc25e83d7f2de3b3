/** `npm run bench`: every figure beside its rival of the same run. `npm run bench -- NAME` runs one. */
import { benchBreaker } from './breaker.ts';
import { benchBreakerService } from './breaker-service.ts';
import { benchEmbeddedHttp } from './embedded-http.ts';
import { benchEmbeddedLogToLog } from './embedded-log-to-log.ts';
import { benchFlood, benchFloodKafka } from './flood.ts';
import { benchHalt } from './halt.ts';
import { benchHookStart } from './hook-start.ts';
import { benchIdle } from './idle.ts';
import { benchKafkaHttp } from './kafka-http.ts';
import { benchKafkaLogToLog } from './kafka-log-to-log.ts';
import { benchKafkaProcesses } from './kafka-processes.ts';
import { benchKafkaRebuild } from './kafka-rebuild.ts';
import { benchMcpProxy } from './mcp-proxy.ts';
import { benchPermitCheck } from './permit-check.ts';
import { benchPolicyEvaluation } from './policy-evaluation.ts';
import { benchRestartEmbedded, benchRestartKafka } from './restart.ts';
import { benchSharedCeilings, benchSharedCeilingsKafka } from './shared-ceilings.ts';

const BENCHMARKS: Readonly<Record<string, () => Promise<unknown>>> = {
  policy: benchPolicyEvaluation,
  breaker: benchBreaker,
  'breaker-service': benchBreakerService,
  log: benchEmbeddedLogToLog,
  http: benchEmbeddedHttp,
  restart: benchRestartEmbedded,
  idle: benchIdle,
  shared: benchSharedCeilings,
  flood: benchFlood,
  halt: benchHalt,
  permit: benchPermitCheck,
  hook: benchHookStart,
  mcp: benchMcpProxy,
  kafka: benchKafkaLogToLog,
  'kafka-processes': benchKafkaProcesses,
  'kafka-http': benchKafkaHttp,
  'kafka-rebuild': benchKafkaRebuild,
  'restart-kafka': benchRestartKafka,
  'shared-kafka': benchSharedCeilingsKafka,
  'flood-kafka': benchFloodKafka,
};

const [, , wanted] = process.argv;
const names = wanted === undefined ? Object.keys(BENCHMARKS) : [wanted];
for (const name of names) {
  const benchmark = BENCHMARKS[name];
  if (benchmark === undefined) {
    process.stderr.write(`no benchmark ${name}; there are ${Object.keys(BENCHMARKS).join(', ')}\n`);
    process.exitCode = 2;
    break;
  }
  process.stdout.write(`${name} ${JSON.stringify(await benchmark(), null, 2)}\n`);
}
