/** The parts of a running gateway, as its routes use them. */
import { setMaxListeners } from 'node:events';
import type { EventLog } from '@estop/log/port';
import type { Clock } from '@estop/runtime/clock';
import type { Health } from '@estop/runtime/health';
import type { Logger } from '@estop/runtime/logger';
import type { Metrics } from '@estop/runtime/metrics';
import { messageOf } from '@estop/schemas/errors';
import { parseAgentId } from '@estop/schemas/ids';
import { Authenticator } from './auth/authenticator.ts';
import { createJwtVerifier } from './auth/jwt.ts';
import { Commander } from './commands.ts';
import type { GatewayConfig } from './config.ts';
import { HaltReporter } from './enforcement/halt-reporter.ts';
import { EnforcementPoints } from './enforcement/points.ts';
import { FleetDesk } from './fleets.ts';
import { createGatewayMetrics, type GatewayMetrics } from './gateway-metrics.ts';
import { HaltDesk } from './halts.ts';
import { DecisionLookup } from './intents/decision-lookup.ts';
import { Proposer } from './intents/proposer.ts';
import { PeerLinks } from './peers/peer-links.ts';
import { PeerProof } from './peers/peer-proof.ts';
import { PermitKeys } from './permits/permit-keys.ts';
import { PermitOffice } from './permits/permit-office.ts';
import { AgentTable } from './read-models/agent-table.ts';
import { Alerts } from './read-models/alerts.ts';
import { BreakerTable } from './read-models/breaker-table.ts';
import { DecisionCache } from './read-models/decision-cache.ts';
import { Feeds } from './read-models/feeds.ts';
import { type FleetChecker, FleetState } from './read-models/fleet-state.ts';
import { HaltBook } from './read-models/halt-book.ts';
import { SharedLimits } from './read-models/shared-limits.ts';
import { AuditReader } from './records/audit-reader.ts';
import { StreamHub } from './stream/stream-hub.ts';
import { KEEPS_NOTHING, type UnwrittenHalts } from './unwritten-halts.ts';

export interface GatewayDeps {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly config: GatewayConfig;
  readonly checkFleet: FleetChecker;
  /** Keeps halts that are not written; without it they live as long as the process. */
  readonly unwritten?: UnwrittenHalts;
  /** Consumer groups that /v1/lag tells of. */
  readonly groups: readonly string[];
}

export interface GatewayContext extends GatewayDeps {
  readonly counts: GatewayMetrics;
  readonly decisions: DecisionCache;
  readonly agents: AgentTable;
  readonly sharedLimits: SharedLimits;
  readonly breakers: BreakerTable;
  readonly alerts: Alerts;
  readonly fleet: FleetState;
  readonly halts: HaltBook;
  readonly hub: StreamHub;
  readonly feeds: Feeds;
  readonly authenticator: Authenticator;
  readonly proposer: Proposer;
  readonly permitKeys: PermitKeys;
  readonly permits: PermitOffice;
  readonly lookup: DecisionLookup;
  readonly commander: Commander;
  readonly haltDesk: HaltDesk;
  /** Null: there is one gateway alone. */
  readonly peerProof: PeerProof | null;
  readonly peers: PeerLinks | null;
  readonly points: EnforcementPoints;
  readonly fleetDesk: FleetDesk;
  readonly audit: AuditReader;
  /** Fires when the gateway closes: what takes long ends early. */
  readonly closing: AbortController;
}

export function createContext(deps: GatewayDeps): GatewayContext {
  const { log, clock, logger, metrics, config, checkFleet } = deps;
  const { limits, operatorKeyHash, jwt, peerKey, peerUrls } = config;
  const models = createReadModels(deps);
  const { fleet, decisions, agents, halts } = models;
  const hub = new StreamHub(log.id);
  const proposer = new Proposer({
    log,
    limits,
    decisions,
    halts,
    haltsSilentMs: () => feeds.haltsSilentMs,
    onFault: (error) => logger.error({ error: messageOf(error) }, 'an intent was not written'),
  });
  const permitKeys = new PermitKeys(config.permitSecret);
  const verifyJwt = jwt === null ? null : createJwtVerifier(jwt);
  const peerProof = peerKey === null ? null : new PeerProof(peerKey);
  const silentMs = (): number => feeds.haltsSilentMs;
  const peers =
    peerProof &&
    new PeerLinks({ ...deps, book: halts, urls: peerUrls, proof: peerProof, silentMs, fetch });
  const closing = closingOf();
  const points = new EnforcementPoints(clock, halts, limits.points);
  const reporter = new HaltReporter({ log, logger, points, closing: closing.signal });
  const haltDesk = new HaltDesk({
    ...{ log, clock, logger, limits, book: halts },
    unwritten: deps.unwritten ?? KEEPS_NOTHING,
    onSaid: (known) => {
      peers?.tell(known);
      if (!known.halt.lifted) reporter.report(known.halt);
    },
  });
  const feeds: Feeds = new Feeds({
    ...{ log, logger, metrics, hub, ...models },
    onHaltLogged: (halt) => haltDesk.logged(halt),
    onBreaker: ({ subject, breaker }) => {
      const agentId = parseAgentId(subject);
      if (agentId !== undefined && breaker !== null) points.tellBreaker(agentId, breaker);
    },
  });
  halts.onNews(({ halt }) => {
    if (halt.mode === 'kill' && !halt.lifted) proposer.endKilled();
  });
  return {
    ...deps,
    counts: createGatewayMetrics(metrics, { hub, proposer }),
    ...models,
    hub,
    feeds,
    authenticator: new Authenticator({ agents, fleet, operatorKeyHash, verifyJwt }),
    proposer,
    permitKeys,
    permits: new PermitOffice({ clock, keys: permitKeys, ...models }),
    lookup: new DecisionLookup(log),
    commander: new Commander({ log, agents, limits }),
    haltDesk,
    peerProof,
    peers,
    points,
    fleetDesk: new FleetDesk({ log, limits, fleet, checkFleet }),
    audit: new AuditReader(log),
    closing,
  };
}

/** What the gateway knows from the topics that it follows. */
function createReadModels({ log, clock, logger, checkFleet }: GatewayDeps) {
  const fleet = new FleetState({ log, logger, checkFleet });
  return {
    fleet,
    decisions: new DecisionCache(clock, log.codec('decisions.v1')),
    agents: new AgentTable(),
    sharedLimits: new SharedLimits(clock, fleet),
    breakers: new BreakerTable(log, logger),
    alerts: new Alerts(clock, fleet),
    halts: new HaltBook(clock, fleet),
  };
}

/** Each request and report that waits listens to it, and all of them are bounded. */
function closingOf(): AbortController {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  return closing;
}
