// `npm run kafka`. In one process, not by the tsx command: a wrapper that is killed would leave it
// behind.
import { installWhenNeeded } from './install.mjs';

installWhenNeeded();
const { register } = await import('tsx/esm/api');
register();
await import('../test/harness/kafka/main.ts');
