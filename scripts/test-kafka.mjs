// `npm run test:kafka`: the tests on a real Kafka, which the suite fetches, starts and removes
// itself.
import { installComponentsInCi } from './components.mjs';
import { installWhenNeeded } from './install.mjs';
import { runVitest } from './vitest.mjs';

installWhenNeeded();
installComponentsInCi();
runVitest('vitest.kafka.config.ts');
