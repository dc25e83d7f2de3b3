import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Answer, type Bench, startBench } from './harness.ts';

interface ControlEvent {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: events of the stream under test
  readonly data: any;
}

/** An enforcement point that confirms what it hears, unless it is told to be silent. */
class TestPoint {
  readonly events: ControlEvent[] = [];
  isSilent = false;
  readonly #bench: Bench;
  readonly #name: string;
  readonly #abort = new AbortController();

  constructor(bench: Bench, name: string) {
    this.#bench = bench;
    this.#name = name;
  }

  async open(key = this.#bench.operatorKey): Promise<Response> {
    const response = await fetch(`${this.#bench.url}/v1/enforcement/stream?point=${this.#name}`, {
      headers: { authorization: `Bearer ${key}` },
      signal: this.#abort.signal,
    });
    if (response.ok) void this.#read(response).catch(() => undefined);
    return response;
  }

  ack(sequence: number, epoch = 0): Promise<Answer> {
    const body = { epoch, at: performance.now(), sequence, point: this.#name };
    return this.#bench.send('POST', '/v1/enforcement/acks', { body });
  }

  of(event: string): readonly ControlEvent[] {
    return this.events.filter((one) => one.event === event);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) await this.#take(frame);
    }
  }

  async #take(frame: string): Promise<void> {
    const event = /^event: (.*)$/m.exec(frame)?.[1] ?? '';
    const data = JSON.parse(/^data: (.*)$/m.exec(frame)?.[1] ?? 'null');
    this.events.push({ event, data });
    if (!this.isSilent && data.sequence !== undefined) await this.ack(data.sequence, data.epoch);
  }
}

describe('enforcement points over HTTP', () => {
  let bench: Bench;
  const open: TestPoint[] = [];

  beforeEach(async () => {
    bench = await startBench();
  });

  afterEach(async () => {
    for (const point of open.splice(0)) point.close();
    await bench.close();
  });

  async function point(name: string): Promise<TestPoint> {
    const made = new TestPoint(bench, name);
    open.push(made);
    expect((await made.open()).status).toBe(200);
    await vi.waitFor(() => expect(made.of('hello')).toHaveLength(1));
    return made;
  }

  const halt = (query = '', body: object = { scope: { fleet: true }, mode: 'pause' }) =>
    bench.send('POST', `/v1/halts${query}`, { body });

  it('are told what is halted, and say within moments that they know', async () => {
    await halt('', { scope: { tool: 'crm.delete' }, mode: 'pause' });
    const one = await point('one');
    expect(one.of('hello')[0]?.data).toMatchObject({
      point: 'one',
      leaseMs: 3_000,
      renewMs: 1_000,
      halts: [{ scope: { tool: 'crm.delete' }, lifted: false }],
    });
    await point('two');
    const { status, body } = await halt('?wait=10s');
    expect(status).toBe(201);
    expect(body.confirmations).toMatchObject({ points: 2, confirmed: 2, silent: 0 });
    const read = await bench.send('GET', `/v1/halts/${body.id}`);
    expect(read.body.confirmations).toEqual(body.confirmations);
    const lifted = await bench.send('POST', `/v1/halts/${body.id}/lift`, {
      body: { reason: 'over' },
    });
    expect(lifted.status).toBe(200);
    await vi.waitFor(() => expect(one.of('halt').at(-1)?.data).toMatchObject({ lifted: true }));
  });

  it('stand in the audit log with what they have said', async () => {
    await point('one');
    const mute = await point('mute');
    await mute.ack(1);
    mute.isSilent = true;
    const { body } = await halt();
    const reports = async () => {
      const { body: found } = await bench.send('GET', '/v1/records?limit=200');
      return found.records.flatMap(({ events }: { readonly events: readonly object[] }) =>
        events.filter((event) => 'type' in event && event.type === 'HaltReported'),
      );
    };
    await vi.waitFor(async () => expect(await reports()).toHaveLength(1), { timeout: 10_000 });
    expect(await reports()).toMatchObject([
      { haltId: body.id, epoch: body.epoch, points: 2, confirmed: 1, silent: 0, fencedInMs: null },
    ]);
  });

  it('are waited for by many halts at a time without a warning', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on('warning', onWarning);
    const mute = await point('mute');
    await mute.ack(1);
    mute.isSilent = true;
    const tools = Array.from({ length: 15 }, (_, index) => `tool-${index}`);
    await Promise.all(tools.map((tool) => halt('', { scope: { tool }, mode: 'pause' })));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('that are silent are named, with the time at which their lease ends', async () => {
    await point('one');
    const mute = await point('mute');
    await mute.ack(1);
    mute.isSilent = true;
    const { body } = await halt('?wait=100ms');
    expect(body.confirmations).toMatchObject({ points: 2, confirmed: 1, silent: 1 });
    expect(body.confirmations.fencedInMs).toBeLessThanOrEqual(3_000);
    const behind = await mute.ack(1);
    expect(behind.body).toMatchObject({ leaseMs: 0 });
    await vi.waitFor(
      async () => {
        const read = await bench.send('GET', `/v1/halts/${body.id}`);
        expect(read.body.confirmations.byPoint).toContainEqual(
          expect.objectContaining({ point: 'mute', state: 'fenced' }),
        );
      },
      { timeout: 5_000 },
    );
  });

  it('hear a heartbeat, and get back what their clock said with each lease', async () => {
    const one = await point('one');
    await vi.waitFor(() => expect(one.of('heartbeat').length).toBeGreaterThan(0), {
      timeout: 3_000,
    });
    const answer = await bench.send('POST', '/v1/enforcement/acks', {
      body: { epoch: 0, at: 123.5, point: 'one' },
    });
    expect(answer).toMatchObject({ status: 200, body: { at: 123.5, leaseMs: 3_000 } });
  });

  it('get no lease without a stream, nor under a name of somebody else', async () => {
    const refused = await bench.send('POST', '/v1/enforcement/acks', { body: { epoch: 0, at: 1 } });
    expect(refused).toMatchObject({ status: 409, body: { code: 'conflict' } });
    await point('one');
    const key = await bench.keyOf('crm-bot');
    const other = new TestPoint(bench, 'one');
    open.push(other);
    expect((await other.open(key)).status).toBe(409);
  });

  it('may be an agent with its own key, and nobody without one', async () => {
    const key = await bench.keyOf('crm-bot');
    const own = new TestPoint(bench, 'crm');
    open.push(own);
    expect((await own.open(key)).status).toBe(200);
    const stranger = new TestPoint(bench, 'stranger');
    expect((await stranger.open('nobody')).status).toBe(401);
    const viewer = await bench.keyOf('vera@example.com');
    expect((await stranger.open(viewer)).status).toBe(403);
  });

  it('see their stream end when the gateway closes', async () => {
    const second = await bench.openSecondGateway();
    const response = await fetch(`${second.url}/v1/enforcement/stream`, {
      headers: { authorization: `Bearer ${bench.operatorKey}` },
    });
    await second.close();
    await expect(response.text()).rejects.toThrow();
  });
});

it('an agent that has enough points is told so, and an operator still opens one', async () => {
  const bench = await startBench({ limits: { pointsPerAgent: 1 } });
  const key = await bench.keyOf('crm-bot');
  const names = ['one', 'one', 'two', 'three'];
  const [one, again, two, operators] = names.map((name) => new TestPoint(bench, name));
  expect((await one?.open(key))?.status).toBe(200);
  expect((await again?.open(key))?.status).toBe(200);
  const refused = await two?.open(key);
  expect(refused?.status).toBe(429);
  expect(await refused?.json()).toMatchObject({
    code: 'too-many-streams',
    detail: 'agent:crm-bot has 1 points, and may have no more',
  });
  expect((await operators?.open())?.status).toBe(200);
  for (const point of [one, again, operators]) point?.close();
  await bench.close();
});
