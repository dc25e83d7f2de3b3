// What a test waits for comes in its time; on a busy machine that is more than a second, which is
// how long `vi.waitFor` waits unless it is told otherwise.
import { vi } from 'vitest';

const PATIENCE_MS = 10_000;

const { waitFor } = vi;
vi.waitFor = (callback, options = PATIENCE_MS) => waitFor(callback, options);
