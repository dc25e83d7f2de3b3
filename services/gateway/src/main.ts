/** The gateway: the HTTP door of estop. */

import { EstopError, messageOf } from '@estop/schemas/errors';
import type { PersonId } from '@estop/schemas/ids';
import { createContext, type GatewayDeps } from './context.ts';
import type { HaltBody } from './domain/halt-body.ts';
import type { HaltRequest } from './domain/next-halt.ts';
import { reportedHalt } from './enforcement/reported-halt.ts';
import type { PutFleet } from './fleets.ts';
import type { App } from './http/app.ts';
import { closerOf } from './http/close-server.ts';
import type { FleetFiles } from './read-models/fleet-state.ts';
import { createApp } from './server.ts';

/** Longer than any answer but that of a long poll, which ends at once. */
const CLOSE_GRACE_MS = 5_000;

export interface Gateway {
  readonly app: App;
  /** Hash of the fleet in force; null: there is none yet. Known once started. */
  activeFleet(): string | null;
  /** As PUT /v1/fleet. Rejects with ProblemError `fleet-invalid`. */
  putFleet(files: FleetFiles, by: PersonId): Promise<PutFleet>;
  /**
   * As POST /v1/halts, for whoever proves otherwise that they may; `waitMs`: for the enforcement
   * points.
   */
  stop(
    request: HaltRequest,
    waitMs: number,
  ): Promise<{ readonly halt: HaltBody; readonly isWritten: boolean }>;
  /** Reads what the log holds, then listens; answers the address. Rejects `config-invalid`. */
  start(): Promise<{ readonly url: string }>;
  close(): Promise<void>;
}

export function createGateway(deps: GatewayDeps): Gateway {
  const context = createContext(deps);
  const { breakers, feeds, fleet, fleetDesk, haltDesk, hub, peers, points, proposer, closing } =
    context;
  const { host, port } = deps.config;
  const app = createApp(context);
  const closePolitely = closerOf(app.server);
  deps.health.add({ name: 'log', check: () => deps.log.ping() });
  deps.health.add({ name: 'feeds', check: () => feeds.requireLive() });

  return {
    app,
    activeFleet: () => fleet.active?.hash ?? null,
    putFleet: (files, by) => fleetDesk.put(files, by),
    async stop(request, waitMs) {
      const { isWritten, ...known } = await haltDesk.stop(request);
      await points.untilSettled(known.halt, waitMs, closing.signal);
      return { halt: reportedHalt(points, known), isWritten };
    },
    async start() {
      // Before anything else is known: what was stopped stays stopped.
      haltDesk.restore();
      await feeds.start();
      haltDesk.caughtUp();
      peers?.start();
      // Nothing waits for it: numbers are shown once they are read.
      breakers.start().catch((error: unknown) => {
        deps.logger.error({ error: messageOf(error) }, 'breakers are not followed');
      });
      try {
        return { url: await app.listen({ host, port }) };
      } catch (error) {
        const where = `ESTOP_HOST ${host}, ESTOP_PORT ${port}`;
        const problem = `cannot listen on ${where}: ${messageOf(error)}`;
        throw new EstopError('config-invalid', problem, { cause: error });
      }
    },
    async close() {
      closing.abort();
      hub.closeAll();
      points.closeAll();
      proposer.endLongPolls();
      haltDesk.close();
      peers?.close();
      await closePolitely(() => app.close(), CLOSE_GRACE_MS);
      await Promise.all([feeds.close(), breakers.close()]);
    },
  };
}
