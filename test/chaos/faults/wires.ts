/** What happens to the network between any two: cut, cut in one direction, slow. */
import type { TcpProxy } from '../../harness/tcp-proxy.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Fault, FaultKind } from './fault.ts';

export const cutWire: FaultKind = {
  name: 'network cut',
  sign: null,
  holdMs: { min: 500, max: 6_000 },
  share: 4,
  isLight: false,
  make: (world, random) => onWire(world, random, (proxy) => proxy.cut()),
};

export const cutOneWay: FaultKind = {
  name: 'network cut one way',
  sign: null,
  holdMs: { min: 500, max: 5_000 },
  share: 2,
  isLight: false,
  make: (world, random) => {
    const direction = random.pick(['forth', 'back'] as const);
    return onWire(world, random, (proxy) => proxy.cut(direction), `, ${direction} only`);
  },
};

/** One process that reaches no broker at all, while all others go on. */
export const isolate: FaultKind = {
  name: 'process cut off from all brokers',
  sign: 'takeover',
  holdMs: { min: 2_000, max: 7_000 },
  share: 2,
  isLight: false,
  make: ({ network, policies }, random) => {
    const { name } = random.pick(policies);
    const wires = network.names().filter((wire) => wire.startsWith(`${name} → `));
    return {
      on: name,
      inject: async () => {
        for (const wire of wires) network.get(wire).cut();
      },
      heal: async () => {
        for (const wire of wires) network.get(wire).heal();
      },
    };
  },
};

export const slowWire: FaultKind = {
  name: 'slow network',
  sign: null,
  holdMs: { min: 500, max: 3_000 },
  share: 3,
  isLight: true,
  make: (world, random) => {
    const latencyMs = random.whole(20, 300);
    return onWire(world, random, (proxy) => proxy.slow(latencyMs), `, ${latencyMs} ms`);
  },
};

function onWire(
  { network }: World,
  random: Random,
  spoil: (proxy: TcpProxy) => void,
  how = '',
): Fault {
  // The guest's wires carry something only while it is there.
  const wire = random.pick(network.names().filter((name) => !name.startsWith('policy-3')));
  return {
    on: `${wire}${how}`,
    inject: async () => spoil(network.get(wire)),
    heal: async () => network.get(wire).heal(),
  };
}
