/** The wires: every pair that talks goes through a proxy of its own, which can be cut or slow. */
import type { AdvertisedListener } from '../harness/kafka/cluster.ts';
import { startProxy, type TcpProxy } from '../harness/tcp-proxy.ts';

/** One wire, named after both ends: `policy-1 → broker 2`. */
export interface Wire {
  readonly name: string;
  readonly proxy: TcpProxy;
}

export class Network {
  readonly #wires = new Map<string, Wire>();

  /** Puts a proxy before a port; answers the port to be told instead. */
  async wire(name: string, targetPort: number): Promise<number> {
    // A start that is repeated, since a port was taken, lays its wires anew.
    await this.#wires.get(name)?.proxy.stop();
    const proxy = await startProxy(targetPort);
    this.#wires.set(name, { name, proxy });
    return proxy.port;
  }

  /** For the brokers: each client's listener, and replication, have a wire for each broker. */
  readonly advertisedPort = async ({ id, listener, port }: AdvertisedListener): Promise<number> => {
    // The harness itself looks past all faults.
    if (listener === 'CLIENT') return port;
    const from = listener === 'BROKER' ? 'brokers' : processOf(listener);
    return this.wire(`${from} → broker ${id}`, port);
  };

  names(): readonly string[] {
    return [...this.#wires.keys()];
  }

  get(name: string): TcpProxy {
    const wire = this.#wires.get(name);
    if (wire === undefined) throw new Error(`there is no wire ${name}`);
    return wire.proxy;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#wires.values()].map(({ proxy }) => proxy.stop()));
  }
}

/** Kafka wants names of listeners in capitals, without hyphens. */
export function listenerOf(process: string): string {
  return process.toUpperCase().replace('-', '_');
}

function processOf(listener: string): string {
  return listener.toLowerCase().replace('_', '-');
}
