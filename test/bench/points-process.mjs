/**
 * Many enforcement points in one process: each holds a control stream, renews its lease, and
 * confirms what it hears at once. Says on stdout when all are connected, and of each halt when the
 * last of them had applied it.
 */
import http from 'node:http';

const { url, token, points } = JSON.parse(process.argv[2]);
const RENEW_MS = 1_000;
const CONFIRMED_PER_TURN = 5;
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const headers = { authorization: `Bearer ${token}` };
const heardById = new Map();
const waiting = [];
let connected = 0;

for (let index = 0; index < points; index += 1) await open(`point-${index}`);

function open(point) {
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}/v1/enforcement/stream?point=${point}`, { headers });
    request.on('error', reject);
    request.on('response', (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      let text = '';
      let last = { epoch: 0, sequence: 0 };
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
        const frames = text.split('\n\n');
        text = frames.pop();
        for (const frame of frames) {
          const data = JSON.parse(frame.slice(frame.indexOf('data: ') + 6));
          if (data.sequence === undefined) continue;
          if (frame.startsWith('event: halt')) heard(data.id);
          last = { epoch: data.epoch, sequence: data.sequence };
          confirmSoon(point, last);
        }
      });
      // Spread over the second, as points that start one after the other are.
      setInterval(() => renew(point, last), RENEW_MS);
      connected += 1;
      if (connected === points) process.stdout.write('{"connected":true}\n');
      resolve();
    });
  });
}

function heard(id) {
  const count = (heardById.get(id) ?? 0) + 1;
  heardById.set(id, count);
  if (count < points) return;
  const atMs = performance.timeOrigin + performance.now();
  process.stdout.write(`${JSON.stringify({ id, atMs })}\n`);
}

/**
 * Points are processes of their own: what one has to confirm keeps no other from hearing. Here it
 * would, so that confirmations go out a few at a time between what is heard.
 */
function confirmSoon(point, last) {
  waiting.push([point, last]);
  if (waiting.length === 1) setImmediate(confirmSome);
}

function confirmSome() {
  for (const [point, last] of waiting.splice(0, CONFIRMED_PER_TURN)) renew(point, last);
  if (waiting.length > 0) setImmediate(confirmSome);
}

function renew(point, { epoch, sequence }) {
  const body = JSON.stringify({ epoch, sequence, point, at: performance.now() });
  const request = http.request(`${url}/v1/enforcement/acks`, {
    method: 'POST',
    agent,
    headers: { ...headers, 'content-type': 'application/json', 'content-length': body.length },
  });
  request.on('response', (response) => response.resume());
  request.on('error', (error) => process.stderr.write(`${error.message}\n`));
  request.end(body);
}
