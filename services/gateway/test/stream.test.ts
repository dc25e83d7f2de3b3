import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, digestOf, intentOf, startBench } from './harness.ts';

interface Event {
  readonly id: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: events of the stream under test
  readonly data: any;
}

/** Reads events until there are enough, then hangs up. */
async function readEvents(
  bench: Bench,
  query: string,
  options: { count: number; lastEventId?: string; onOpen?: () => Promise<unknown> },
): Promise<readonly Event[]> {
  const abort = new AbortController();
  const { lastEventId, onOpen, count } = options;
  const response = await fetch(`${bench.url}/v1/stream${query}`, {
    headers: {
      authorization: `Bearer ${bench.operatorKey}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: abort.signal,
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const opened = onOpen?.();
  const events: Event[] = [];
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) {
      const fields = new Map(
        frame
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      const data = fields.get('data');
      if (data === undefined) continue;
      events.push({
        id: fields.get('id') ?? '',
        event: fields.get('event') ?? '',
        data: JSON.parse(data),
      });
    }
    if (events.length >= count) break;
  }
  abort.abort();
  await opened;
  return events;
}

describe('the event stream', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await startBench({ isDecided: false, limits: { heartbeatMs: 50 } });
  });
  afterEach(() => bench.close());

  const decide = (intentId: string, agentId = 'billing-bot') =>
    bench.publishDecision({ agentId, intentId, digest: digestOf(agentId) });

  it('tells decisions as they come, as the answers tell them', async () => {
    const [event] = await readEvents(bench, '', { count: 1, onOpen: () => decide('e-1') });
    expect(event).toMatchObject({
      event: 'decision',
      data: { intentId: 'e-1', agent: 'billing-bot', tool: 'crm.read', decision: 'allow' },
    });
    expect(event?.id).not.toBe('');
  });

  it('goes on after the last event id without loss or repetition', async () => {
    const [first] = await readEvents(bench, '', { count: 1, onOpen: () => decide('r-0') });
    const agents = ['billing-bot', 'crm-bot', 'a-bot', 'b-bot'];
    for (const index of [1, 2, 3, 4, 5, 6]) await decide(`r-${index}`, agents[index % 4]);
    const lastEventId = first?.id ?? '';
    const onOpen = () => decide('r-7');
    const rest = await readEvents(bench, '', { count: 7, lastEventId, onOpen });
    const ids = rest.map(({ data }) => data.intentId);
    expect([...ids].sort()).toEqual(['r-1', 'r-2', 'r-3', 'r-4', 'r-5', 'r-6', 'r-7']);
    const middle = rest[2]?.id ?? '';
    const again = await readEvents(bench, '', { count: 4, lastEventId: middle });
    // Between partitions there is no order.
    expect(again.map(({ data }) => data.intentId).sort()).toEqual(ids.slice(3).sort());
  });

  it('tells of a gap when the id is of another log', async () => {
    const [event] = await readEvents(bench, '', { count: 1, lastEventId: 'ffffffff~0.0' });
    expect(event?.event).toBe('gap');
    const [live] = await readEvents(bench, '', {
      count: 1,
      lastEventId: event?.id ?? '',
      onOpen: () => decide('g-1'),
    });
    expect(live?.data.intentId).toBe('g-1');
  });

  it('sends only what was asked for', async () => {
    const publish = async () => {
      await decide('f-1', 'crm-bot');
      await bench.send('POST', '/v1/halts', {
        body: { scope: { agent: 'crm-bot' }, mode: 'pause' },
      });
      await bench.send('POST', '/v1/halts', {
        body: { scope: { agent: 'billing-bot' }, mode: 'kill' },
      });
      await decide('f-2', 'billing-bot');
    };
    const events = await readEvents(bench, '?agent=billing-bot&type=decision,halt', {
      count: 2,
      onOpen: publish,
    });
    expect(events.map(({ event }) => event).sort()).toEqual(['decision', 'halt']);
    const halt = events.find(({ event }) => event === 'halt');
    expect(halt?.data).toMatchObject({ scope: { agent: 'billing-bot' }, mode: 'kill' });
  });

  it('refuses more streams than its bound', async () => {
    await bench.close();
    bench = await startBench({ isDecided: false, limits: { streams: 1 } });
    await readEvents(bench, '', {
      count: 1,
      onOpen: async () => {
        const refused = await bench.send('GET', '/v1/stream');
        expect([refused.status, refused.body.code]).toEqual([429, 'too-many-streams']);
        await decide('s-1');
      },
    });
  });

  it('drops a reader that owes too much, and serves the others', async () => {
    await bench.close();
    bench = await startBench({ isDecided: false, limits: { streamBufferBytes: 2_000 } });
    const slow = await fetch(`${bench.url}/v1/stream`, {
      headers: { authorization: `Bearer ${bench.operatorKey}` },
    });
    const publish = async () => {
      for (let index = 0; index < 2_000; index += 1) void decide(`d-${index}`);
      await decide('d-last');
    };
    await publish();
    await expect
      .poll(async () => (await bench.send('GET', '/metrics')).body, { timeout: 15_000 })
      .toMatch(/estop_gateway_streams_dropped_total [1-9]/);
    await expect(slow.text()).rejects.toThrow();
    const asked = await bench.send('GET', '/v1/intents/d-last?agent=billing-bot');
    expect(asked.status).toBe(200);
  });
});

describe('the event stream with a policy', () => {
  it('tells of approvals from the question to the answer', async () => {
    const bench = await startBench();
    const events = await readEvents(bench, '?type=approval', {
      count: 2,
      onOpen: async () => {
        const body = intentOf('a-1', { tool: 'crm.delete', arguments: { id: 1 } });
        const asked = await bench.send('POST', '/v1/intents?agent=crm-bot', { body });
        const { id, digest } = asked.body.approval;
        const vote = { decision: 'reject', digest };
        await bench.send('POST', `/v1/approvals/${id}`, { body: vote });
      },
    });
    expect(events.map(({ data }) => data.state)).toEqual(['pending', 'rejected']);
    await bench.close();
  });
});
