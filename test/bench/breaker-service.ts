/** The breaker service: how soon it trips, what it costs beside the decider, how it comes back. */
import { benchKeepingUp } from './breaker-service/keeping-up.ts';
import { benchBreakerRestarts } from './breaker-service/restart.ts';
import { benchTripLatency } from './breaker-service/trip-latency.ts';

export async function benchBreakerService() {
  return {
    tripLatency: await benchTripLatency(),
    keepingUp: await benchKeepingUp(),
    restart: await benchBreakerRestarts(),
  };
}
