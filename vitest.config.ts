import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { FleetsFirst } from "./test/setup/fleets-first.ts";

/** Suites that change what every process of the machine sees. */
const alone = ["test/e2e/wall-clock.system.test.ts"];
/** Of suites that start daemons. A fleet that has to share one processor with another one loses leases, and then guests pause. */
const lanes = Math.min(2, availableParallelism());
const nodeModules = "**/node_modules/**";
/** A condition that comes true is waited for as long as a busy machine may need. */
const poll = { timeout: 20_000 };

/**
 * Pure suites first, one on each processor. Then those that start daemons (`*.system.test.ts`), two at a time: most of them
 * wait for leases, deadlines and hypervisors most of the time. Each has its own namespaces, folders and loopback addresses.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: FleetsFirst },
    projects: [
      {
        test: {
          name: "pure",
          include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [nodeModules, "**/*.system.test.ts"],
          sequence: { groupOrder: 0 },
          maxWorkers: "100%",
          testTimeout: 30_000,
          expect: { poll },
        },
      },
      {
        test: {
          name: "system",
          include: ["packages/*/test/**/*.system.test.ts", "test/**/*.system.test.ts"],
          exclude: [nodeModules, ...alone],
          globalSetup: ["test/setup/system-packages.ts"],
          sequence: { groupOrder: 1 },
          maxWorkers: lanes,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll },
        },
      },
      {
        test: {
          name: "alone",
          include: alone,
          globalSetup: ["test/setup/system-packages.ts"],
          sequence: { groupOrder: 2 },
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll },
        },
      },
    ],
  },
});
