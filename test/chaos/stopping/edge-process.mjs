// @ts-check
/**
 * An agent with an enforcement point of its own: makes calls as long as it lives, and writes down each
 * that was executed, in the moment in which it is. It also keeps permits and brings them later, twice
 * at once, as an agent would that wants to act after it was stopped.
 */
import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { openPoint } from '@estop/edge/point';
import { connect } from '@estop/sdk/main';

const { agent, key, controlUrl, askUrl, file, tools, mode } = JSON.parse(process.argv[2] ?? '');
const RUN_PAUSE_MS = 80;
const HOLDERS = 5;
const HOLD_MS_MAX = 7_000;
const ASK_MS_MAX = 2_000;
/** Two dozen agents that ask on and on would leave a control plane that comes back no processor. */
const REFUSED_PAUSE_MS = 400;

const executed = openSync(file, 'a');
const asker = connect({ url: askUrl, key, timeoutMs: ASK_MS_MAX });
const clock = { nowMs: Date.now, monotonicMs: () => performance.now() };
const point = openPoint({ url: controlUrl, key, name: agent, asker, clock });
let count = 0;

function nextCall() {
  count += 1;
  return { tool: tools[count % tools.length], arguments: { count } };
}

/** @param {{ tool: string }} call */
function executing({ tool }) {
  return async (/** @type {{ intentId: string }} */ { intentId }) => {
    const atMs = Number(process.hrtime.bigint() / 1_000n) / 1_000;
    writeSync(executed, `${JSON.stringify({ agent, intentId, tool, atMs })}\n`);
    return { result: null, outcome: { status: /** @type {const} */ ('ok') } };
  };
}

async function run() {
  for (;;) {
    const call = nextCall();
    const { kind } = await point.run(call, executing(call));
    await pause(kind === 'ran' ? RUN_PAUSE_MS : REFUSED_PAUSE_MS);
  }
}

async function hold() {
  for (;;) {
    const call = nextCall();
    const answer = await asker.propose({ ...call, point: agent });
    if (answer.decision !== 'allow' || answer.permit === null) {
      await pause(REFUSED_PAUSE_MS);
      continue;
    }
    const { permit } = answer;
    await pause(Math.random() * HOLD_MS_MAX);
    const brought = { ...call, agentId: agent };
    await Promise.all([1, 2].map(() => point.admit(permit, brought, executing(call))));
  }
}

/** So many calls at once, once; then says what became of them. */
async function callAtOnce(/** @type {number} */ calls) {
  const ran = await Promise.all(
    Array.from({ length: calls }, () => {
      const call = nextCall();
      return point.run(call, executing(call));
    }),
  );
  const refused = ran.filter(({ kind }) => kind === 'refused').length;
  process.stdout.write(`${JSON.stringify({ calls, refused })}\n`);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  // A process that is frozen between its last check and the call cannot be stopped by anybody: it is
  // frozen between two turns of its loop instead, by its own hand.
  if (line === 'freeze') process.kill(process.pid, 'SIGSTOP');
  else void callAtOnce(Number(line));
});

while (!point.hasLease) await pause(10);
process.stdout.write('ready\n');
if (mode === 'work') {
  void run();
  for (let holder = 0; holder < HOLDERS; holder += 1) void hold();
}
