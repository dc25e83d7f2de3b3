import { describe, expect, it } from 'vitest';
import { createHealth } from '../src/health.ts';
import { createMetrics } from '../src/metrics.ts';
import { startStatusServer } from '../src/status-server.ts';

describe('health', () => {
  it('is ready when every probe answers', async () => {
    const health = createHealth();
    health.add({ name: 'log', check: () => {} });
    expect(await health.ready()).toEqual({
      ok: true,
      probes: [{ name: 'log', ok: true, reason: null }],
    });
  });

  it('names the probe that fails, and stays live when a restart would not help', async () => {
    const health = createHealth();
    health.add({ name: 'log', check: () => Promise.reject(new Error('the broker is away')) });
    health.add({ name: 'loop', check: () => {}, isVital: true });
    const report = await health.ready();
    expect(report.ok).toBe(false);
    expect(report.probes[0]).toEqual({ name: 'log', ok: false, reason: 'the broker is away' });
    expect((await health.live()).ok).toBe(true);
  });

  it('takes a probe that throws or never answers for a failure', async () => {
    const health = createHealth({ timeoutMs: 1 });
    health.add({ name: 'silent', check: () => new Promise(() => {}) });
    health.add({
      name: 'broken',
      check: () => {
        throw new Error('broken');
      },
    });
    expect((await health.ready()).probes.map((probe) => probe.reason)).toEqual([
      'no answer within 1 ms',
      'broken',
    ]);
  });

  it('is not ready while the process stops', async () => {
    const health = createHealth();
    health.beginStopping();
    expect((await health.ready()).ok).toBe(false);
    expect((await health.live()).ok).toBe(true);
  });
});

describe('the status server', () => {
  async function get(port: number, path: string) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, body: await response.text() };
  }

  it('serves health and metrics, and nothing else', async () => {
    const health = createHealth();
    const metrics = createMetrics();
    metrics.counter({ name: 'estop_records_total', help: 'Records.' }).inc(7);
    const server = await startStatusServer({ host: '127.0.0.1', port: 0, health, metrics });
    try {
      expect((await get(server.port, '/livez')).status).toBe(200);
      expect(await get(server.port, '/readyz')).toEqual({
        status: 200,
        body: '{"ok":true,"probes":[]}',
      });
      health.beginStopping();
      expect((await get(server.port, '/readyz')).status).toBe(503);
      expect((await get(server.port, '/metrics')).body).toContain('estop_records_total 7');
      expect((await get(server.port, '/v1/intents')).status).toBe(404);
    } finally {
      await server.close();
    }
  });

  it('says which variables to change when the port is taken', async () => {
    const options = { host: '127.0.0.1', health: createHealth(), metrics: createMetrics() };
    const first = await startStatusServer({ ...options, port: 0 });
    try {
      await expect(startStatusServer({ ...options, port: first.port })).rejects.toThrow(
        /^cannot listen on ESTOP_HOST 127.0.0.1, ESTOP_PORT \d+: .*EADDRINUSE/,
      );
    } finally {
      await first.close();
    }
  });
});
