// `npm test`: every test that needs nothing but Node.
import { installWhenNeeded } from './install.mjs';
import { runVitest } from './vitest.mjs';

installWhenNeeded();
runVitest('vitest.config.ts');
