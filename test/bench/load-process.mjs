/** Runs one load as its own process: options as JSON in the first argument, the result on stdout. */
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';

const { url, headers, body, connections, seconds, rate } = JSON.parse(process.argv[2]);
const prefix = `${process.pid.toString(36)}-${Date.now().toString(36)}`;
let sent = 0;

const result = rate === undefined ? await asManyAsGo() : await evenly(rate);
process.stdout.write(JSON.stringify(result));

function nextBody() {
  sent += 1;
  return body.replace('[<id>]', `${prefix}-${sent}`);
}

async function asManyAsGo() {
  const setupRequest = (request) => ({ ...request, body: nextBody() });
  const requests = [{ method: 'POST', headers, setupRequest }];
  const run = await autocannon({ url, connections, duration: seconds, requests });
  return {
    perSecond: run.requests.average,
    p50Ms: run.latency.p50,
    p99Ms: run.latency.p99,
    failed: run.non2xx + run.errors + run.timeouts,
  };
}

/**
 * One request every 1/rate seconds, whether or not those before it were answered; each latency
 * counts from when its request was due. autocannon sends a second's worth at the start of it.
 */
async function evenly(perSecond) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs = [];
  const answers = [];
  let failed = 0;
  const startMs = performance.now();
  const due = (index) => startMs + (index * 1_000) / perSecond;
  for (let index = 0; index < perSecond * seconds; index += 1) {
    while (performance.now() < due(index)) await sleep(1);
    const answer = post(agent).then((status) => {
      latenciesMs.push(performance.now() - due(index));
      if (status !== 200) failed += 1;
    });
    answers.push(answer.catch(() => (failed += 1)));
  }
  await Promise.all(answers);
  const tookMs = performance.now() - startMs;
  agent.destroy();
  latenciesMs.sort((a, b) => a - b);
  const at = (share) => latenciesMs[Math.floor(latenciesMs.length * share)];
  return { perSecond: (answers.length * 1_000) / tookMs, p50Ms: at(0.5), p99Ms: at(0.99), failed };
}

function post(agent) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(nextBody());
  });
}
