/** What happens to policy and gateway processes: kill -9, frozen past the session, a wrong clock. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceProcess } from '../../harness/service-process.ts';
import type { Random } from '../random.ts';
import { SESSION_MS } from '../world.ts';
import type { Fault, FaultKind } from './fault.ts';

/** So that signals of one kind do not become one. */
const BETWEEN_SIGNALS_MS = 200;

export const killPolicy: FaultKind = {
  name: 'kill -9 policy',
  sign: 'takeover',
  holdMs: { min: 200, max: SESSION_MS + 2_000 },
  share: 5,
  isLight: false,
  make: ({ policies }, random) => killed(random.pick(policies)),
};

export const killGateway: FaultKind = {
  name: 'kill -9 gateway',
  sign: 'door',
  holdMs: { min: 200, max: 2_000 },
  share: 3,
  isLight: false,
  make: ({ gateways }, random) => killed(random.pick(gateways)),
};

export const freezePolicy: FaultKind = {
  name: 'freeze policy past its session',
  sign: 'takeover',
  holdMs: { min: SESSION_MS + 1_500, max: SESSION_MS + 3_500 },
  share: 4,
  isLight: false,
  make: ({ policies }, random) => frozen(random.pick(policies)),
};

export const freezeGateway: FaultKind = {
  name: 'freeze gateway',
  sign: 'door',
  holdMs: { min: 1_000, max: 4_000 },
  share: 2,
  isLight: false,
  make: ({ gateways }, random) => frozen(random.pick(gateways)),
};

export const jumpClock: FaultKind = {
  name: 'clock jumps an hour ahead and back',
  sign: null,
  holdMs: { min: 300, max: 1_500 },
  share: 4,
  isLight: true,
  make: ({ policies, gateways }, random, spared) =>
    jumping(other([...policies, ...gateways], random, spared)),
};

export const rebalance: FaultKind = {
  name: 'a third policy joins and leaves',
  sign: 'takeover',
  holdMs: { min: 500, max: 2_000 },
  share: 3,
  isLight: false,
  make: ({ guest }, random) => ({
    on: guest.name,
    inject: () => guest.start(),
    heal: () => (random.next() < 0.5 ? guest.stop() : guest.kill()),
  }),
};

function killed(victim: ServiceProcess): Fault {
  return { on: victim.name, inject: () => victim.kill(), heal: () => victim.start() };
}

function frozen(victim: ServiceProcess): Fault {
  return {
    on: victim.name,
    inject: async () => victim.signal('SIGSTOP'),
    heal: async () => victim.signal('SIGCONT'),
  };
}

function jumping(victim: ServiceProcess): Fault {
  return {
    on: victim.name,
    inject: async () => victim.signal('SIGUSR2'),
    async heal() {
      victim.signal('SIGUSR2');
      await delay(BETWEEN_SIGNALS_MS);
      victim.signal('SIGUSR2');
    },
  };
}

function other(
  all: readonly ServiceProcess[],
  random: Random,
  spared: string | null,
): ServiceProcess {
  return random.pick(all.filter(({ name }) => name !== spared));
}
