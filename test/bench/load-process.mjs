/** Runs one load as its own process: options as JSON in the first argument, the result on stdout. */
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';

const options = JSON.parse(process.argv[2]);
const { url, headers, body, connections, seconds, rate, tokens = [] } = options;
const prefix = `${process.pid.toString(36)}-${Date.now().toString(36)}`;
let sent = 0;

process.stdout.write(JSON.stringify(await run()));

function run() {
  if (options.oneAtATime) return sequentially();
  return rate === undefined ? asManyAsGo() : evenly(rate);
}

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

/** Each request after the answer to the one before. */
async function sequentially() {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const latenciesMs = [];
  let failed = 0;
  const startMs = performance.now();
  while (performance.now() < startMs + seconds * 1_000) {
    const sentMs = performance.now();
    if ((await post(agent)) !== 200) failed += 1;
    latenciesMs.push(performance.now() - sentMs);
  }
  agent.destroy();
  const count = latenciesMs.length;
  latenciesMs.sort((a, b) => a - b);
  const at = (share) => latenciesMs[Math.floor(count * share)];
  return { perSecond: count / seconds, p50Ms: at(0.5), p99Ms: at(0.99), failed };
}

/** The next caller's, where callers take turns. */
function nextHeaders() {
  if (tokens.length === 0) return headers;
  return { ...headers, authorization: `Bearer ${tokens[sent % tokens.length]}` };
}

function post(agent) {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent, headers: nextHeaders() };
    const request = http.request(url, options, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(nextBody());
  });
}
