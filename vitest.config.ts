import { defineConfig } from 'vitest/config';

// Tests that boot a guest or compile C run minutes under load; two workers match the smallest machine we support.
// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    reporters: ['default', ['json', { outputFile: 'build/test-report.json' }]],
  },
});
