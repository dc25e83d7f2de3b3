/** Starts the simulated fleet against a running estop, and the 3 AM story. */
import { setMaxListeners } from 'node:events';
import { messageOf } from '@estop/schemas/errors';
import { connect } from '@estop/sdk';
import { agentKeys } from './agent-keys.ts';
import { createRandom } from './domain/random.ts';
import { type Member, ON_CALL, ROSTER, STRAY_AGENT } from './domain/roster.ts';
import { PACE, type Pace, type Phase } from './domain/story.ts';
import { createOperator } from './operator.ts';
import { runStory } from './run-story.ts';
import { rest, type Worker, workOn } from './work-loop.ts';

const SEED = 'three in the morning';
/** An agent that estop does not accept, or that broke, tries again after this time. */
const RECOVER_MS = 10_000;
/** The story plays at night, whatever the clock says. */
const STORY_HOUR_MS = 3 * 3_600_000;

export interface DemoOptions {
  readonly url: string;
  readonly operatorKey: string;
  /** Keeps the agents' keys between starts; null: new keys each time. */
  readonly keyFile: string | null;
  /** Shows a line to whoever watches. */
  readonly tell: (line: string) => void;
  /** The same seed: the same work in the same order. */
  readonly seed?: string;
  readonly pace?: Pace;
  /** 2: everything twice as fast. */
  readonly speed?: number;
}

export interface Demo {
  /** Where the story stands. */
  phase(): Phase;
  /** Lets every agent finish its call and stops. */
  close(): Promise<void>;
}

/** Resolves when all agents are at work. Throws EstopError when estop cannot be reached. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { url, seed = SEED, speed = 1, pace = PACE } = options;
  const operator = createOperator(url, options.operatorKey);
  const keys = await agentKeys(
    [...ROSTER.map((member) => member.agent), ON_CALL],
    operator,
    options.keyFile,
  );
  const onCallKey = keys.get(ON_CALL) ?? '';
  const stopping = new AbortController();
  const { signal } = stopping;
  // Every agent sleeps on it, and waits for an answer with it.
  setMaxListeners(ROSTER.length * 8, signal);
  const startedMs = performance.now();
  let phase: Phase = 'quiet';

  tell(`It is 3 AM. ${ROSTER.length} agents are at work; nobody watches.`);
  const night = new AbortController();
  const nightfall = setTimeout(() => night.abort(), pace.quietMs / speed);
  const running = ROSTER.map((member) => keepAtWork(member));

  async function keepAtWork(member: Member): Promise<void> {
    const client = connect({ url, key: keys.get(member.agent) ?? '' });
    const random = createRandom(`${seed}/${member.agent}`);
    const worker: Worker = { member, client, random, speed, signal };
    while (!signal.aborted) {
      try {
        await workDayAndNight(worker);
      } catch (error) {
        if (signal.aborted) break;
        tell(`${member.agent} cannot work: ${messageOf(error)}`);
        await rest(RECOVER_MS, signal);
      }
    }
    await client.close();
  }

  async function workDayAndNight(worker: Worker): Promise<void> {
    if (worker.member.agent === STRAY_AGENT && phase === 'quiet') {
      await workOn(worker, AbortSignal.any([signal, night.signal]));
      if (!signal.aborted) await runStory({ worker, operator, onCallKey, pace, tell, onPhase });
    }
    await workOn(worker);
  }

  function onPhase(next: Phase): void {
    phase = next;
  }

  function tell(line: string): void {
    const atMs = STORY_HOUR_MS + Math.floor(performance.now() - startedMs);
    options.tell(`${new Date(atMs).toISOString().slice(11, 19)}  ${line}`);
  }

  return {
    phase: () => phase,
    async close() {
      clearTimeout(nightfall);
      stopping.abort();
      await Promise.all(running);
    },
  };
}
