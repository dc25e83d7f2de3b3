/** The estop command from its sources: what bin/estop.mjs does with the built files. */
import { runEntry } from '@estop/cli/entry';

await runEntry();
