// `npm run test:kafka`: the tests on a real Kafka, which the suite fetches, starts and removes
// itself.
import { installWhenNeeded } from './install.mjs';
import { installJavaInCi } from './java.mjs';
import { runVitest } from './vitest.mjs';

installWhenNeeded();
installJavaInCi();
runVitest('vitest.kafka.config.ts');
