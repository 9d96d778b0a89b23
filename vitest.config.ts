import { defineConfig } from "vitest/config";

/**
 * What CI leaves out (`BERTH_TESTS=ci` in `.ci/run`) to end within its quarter of an hour: fleets of embedded hypervisors, whose
 * cases the end-to-end suites show on real hosts. `npm test` runs them.
 */
const leftOutInCi = [
  "packages/cli/test/real-fleet.system.test.ts",
  "packages/cli/test/simulation/simulation.system.test.ts",
  "packages/agent/test/daemon/failover.system.test.ts",
];
const isCi = process.env.BERTH_TESTS === "ci";

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
          exclude: ["**/node_modules/**", ...(isCi ? leftOutInCi : [])],
          globalSetup: ["test/setup/system-packages.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
