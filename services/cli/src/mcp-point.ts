/** The enforcement point of the MCP proxy. */
import { type EnforcementPoint, openPoint } from '@estop/edge/point';
import { systemClock } from '@estop/runtime/clock';
import { connect } from '@estop/sdk';
import type { Context } from './context.ts';
import { keepAliveFetch } from './keep-alive-fetch.ts';
import { takePointSlot } from './point-slot.ts';

export interface OpenedPoint {
  readonly point: EnforcementPoint;
  close(): Promise<void>;
}

/** `agent` says whose calls run here when the key is an operator's. */
export function openMcpPoint(
  context: Context,
  server: string,
  agent: string | undefined,
): OpenedPoint {
  const { url, key } = context.gateway();
  const slot = takePointSlot(context.data, `mcp-${server}`, `${key}\n${agent ?? ''}`);
  const forAgent = agent === undefined ? {} : { agent };
  const http = keepAliveFetch();
  const asker = connect({ url, key, point: slot.name, fetch: http.fetch, ...forAgent });
  let lastTrouble = '';
  const point = openPoint({
    ...{ url, key, agent, asker },
    name: slot.name,
    folder: slot.folder,
    // The slot is this process's own.
    isShared: false,
    clock: systemClock,
    onTrouble: (why) => {
      // It is tried again and again; the same news is said once.
      if (why !== lastTrouble) context.note(`estop: ${why}`);
      lastTrouble = why;
    },
  });
  return {
    point,
    async close() {
      await point.close();
      await asker.close();
      http.close();
      slot.release();
    },
  };
}
