import type { EventLog } from '@estop/log/port';
import { EstopError } from '@estop/schemas/errors';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PeerProof } from '../src/peers/peer-proof.ts';
import { type Bench, type BenchOptions, startBench } from './harness.ts';

const LINK_KEY = Buffer.from('a link key that both gateways of a deployment have');
const HALT = { scope: { agent: 'billing-bot' }, mode: 'kill', reason: 'now' };

const benches: Bench[] = [];

afterEach(async () => {
  await Promise.all(benches.splice(0).map((bench) => bench.close()));
});

async function open(options: BenchOptions = {}): Promise<Bench> {
  const bench = await startBench({ isDecided: false, fleet: null, peerKey: LINK_KEY, ...options });
  benches.push(bench);
  return bench;
}

/** A log that takes and tells nothing about halts: Kafka is down. */
function deaf(log: EventLog): EventLog {
  const publish: EventLog['publish'] = (topic, partition, record) =>
    topic === 'halts.v1'
      ? Promise.reject(new EstopError('log-unavailable', 'pulled out by the test'))
      : log.publish(topic, partition, record);
  const follow: EventLog['follow'] = async (options) =>
    withMethods(await log.follow(options), { silentMs: () => Number.POSITIVE_INFINITY });
  return withMethods(log, { publish, follow });
}

function withMethods<T extends object>(target: T, methods: object): T {
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The control stream of an enforcement point, up to the first text like this. */
async function hear(bench: Bench, wanted: RegExp): Promise<string> {
  const leaving = new AbortController();
  const { body } = await fetch(`${bench.url}/v1/enforcement/stream?point=far-door`, {
    headers: { authorization: `Bearer ${bench.operatorKey}` },
    signal: leaving.signal,
  });
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (wanted.test(text)) break;
  }
  leaving.abort();
  return text;
}

async function live(bench: Bench): Promise<readonly string[]> {
  const { body } = await bench.send('GET', '/v1/halts');
  return body.halts.map(({ id }: { readonly id: string }) => id);
}

describe('a halt with the log away', () => {
  it('passes from one gateway to the others directly', async () => {
    const far = await open({ wrapLog: deaf });
    const near = await open({ wrapLog: deaf, peerUrls: [far.url] });
    const { status, body } = await near.send('POST', '/v1/halts', { body: HALT });
    expect(status).toBe(202);
    await vi.waitFor(async () => expect(await live(far)).toEqual([body.id]));
  });

  it('reaches the enforcement points of the others, which get no lease meanwhile', async () => {
    const far = await open({ wrapLog: deaf });
    const near = await open({ wrapLog: deaf, peerUrls: [far.url] });
    const heard = hear(far, /^event: halt\ndata: .*\n$/m);
    const renew = () =>
      far.send('POST', '/v1/enforcement/acks', { body: { epoch: 0, at: 1, sequence: 1 } });
    // Only now is it connected.
    await vi.waitFor(async () => expect((await renew()).body.leaseMs).toBe(0));
    const { body } = await near.send('POST', '/v1/halts', { body: HALT });
    expect(await heard).toContain(`"id":"${body.id}"`);
  });

  it('reaches a gateway that was away when it was said', async () => {
    const far = await open({ wrapLog: deaf });
    const { url } = far;
    let isAway = true;
    const passed = globalThis.fetch;
    vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) => {
      if (isAway && String(input).startsWith(`${url}/v1/peers`)) {
        return Promise.reject(new Error('cut by the test'));
      }
      return passed(input, init);
    });
    const near = await open({ wrapLog: deaf, peerUrls: [url] });
    const { body } = await near.send('POST', '/v1/halts', { body: HALT });
    expect(await live(far)).toEqual([]);
    isAway = false;
    await vi.waitFor(async () => expect(await live(far)).toEqual([body.id]), 5_000);
    vi.restoreAllMocks();
  });
});

describe('what peers say', () => {
  const halts = [
    {
      ...{ id: 'h-1', scope: { fleet: true }, mode: 'kill', epoch: 7, by: 'dana@example.com' },
      ...{ reason: null, until: null, lifted: false, killers: [], at: 1 },
    },
  ];
  const proof = new PeerProof(LINK_KEY);

  async function say(bench: Bench, body: object): Promise<number> {
    return (await bench.send('POST', '/v1/peers/halts', { key: null, body })).status;
  }

  it('is taken with a proof, as often as it is said', async () => {
    const bench = await open();
    const at = Date.now();
    const body = { at, halts, proof: proof.of(at, halts) };
    expect([await say(bench, body), await say(bench, body)]).toEqual([204, 204]);
    expect(await live(bench)).toEqual(['h-1']);
  });

  it.each([
    ['by another key', new PeerProof(Buffer.from('another')).of(0, []), {}],
    ['of long ago', undefined, { at: Date.now() - 3_600_000 }],
    ['of other words', proof.of(Date.now(), []), {}],
    ['that is none', 'AAAA', {}],
  ])('is refused with a proof %s', async (_, given, more) => {
    const bench = await open();
    const body = { at: Date.now(), halts, ...more };
    const sent = { ...body, proof: given ?? proof.of(body.at, halts) };
    expect(await say(bench, sent)).toBe(401);
    expect(await live(bench)).toEqual([]);
  });

  it('is refused where there is one gateway alone', async () => {
    const bench = await startBench({ isDecided: false, fleet: null });
    benches.push(bench);
    const at = Date.now();
    expect(await say(bench, { at, halts, proof: proof.of(at, halts) })).toBe(401);
  });
});
