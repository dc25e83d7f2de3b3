/** The estop command from its sources: what bin/estop.mjs does with the built files. */
import { runProcess } from '@estop/cli/main';

await runProcess();
