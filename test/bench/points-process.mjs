/**
 * Many enforcement points in one process: each a real one, with its control stream, its lease and its
 * confirmations. Says on stdout when all hold a lease, and of each kill when the last of them had
 * applied it: from then on none of them accepts a call.
 */
import { openPoint } from '@estop/edge/point';

const { url, token, agent, name, points } = JSON.parse(process.argv[2]);
const POLL_MS = 10;
const OPENED_AT_ONCE = 20;

const asker = {
  propose: () => Promise.reject(new Error('nobody asks here')),
  wait: () => Promise.reject(new Error('nobody asks here')),
  outcome: () => Promise.resolve(true),
};
const clock = { nowMs: Date.now, monotonicMs: () => performance.now() };
const heardByKill = new Map();
const opened = [];

for (let index = 0; index < points; index += 1) {
  const point = openPoint({ url, key: token, agent, name: `${name}-${index}`, asker, clock });
  point.onKill(heard);
  opened.push(point);
  // Spread over a while, as points that start one after the other are.
  if (index % OPENED_AT_ONCE === 0) await pause();
}
while (!opened.every(({ hasLease }) => hasLease)) await pause();
process.stdout.write('{"connected":true}\n');
// Points alone keep no process alive.
setInterval(() => {}, 60_000);

/** `why` names the halt. */
function heard(why) {
  const id = /h-[\da-f-]+/.exec(why)[0];
  const count = (heardByKill.get(id) ?? 0) + 1;
  heardByKill.set(id, count);
  if (count < points) return;
  const atMs = performance.timeOrigin + performance.now();
  process.stdout.write(`${JSON.stringify({ id, atMs })}\n`);
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
