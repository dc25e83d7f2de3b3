import { defineConfig } from 'vitest/config';

// Tests run the sources directly: the private condition resolves @estop/* to src, so no build comes first.
const conditions = ['@estop/source', 'node', 'import', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{schemas,infra/*,services/*}/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.kafka.test.ts'],
    globalSetup: ['test/harness/temp-folder.ts'],
    setupFiles: ['test/harness/patience.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
