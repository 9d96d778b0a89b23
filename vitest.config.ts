import { defineConfig } from "vitest/config";

/** Pure suites run side by side; suites that start daemons (`*.system.test.ts`) run one file at a time on two cores. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "pure",
          include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.system.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "system",
          include: ["packages/*/test/**/*.system.test.ts", "test/**/*.system.test.ts"],
          globalSetup: ["test/setup/system-packages.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
