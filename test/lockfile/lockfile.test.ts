import { expect, test } from "vitest";
import { type Lockfile, missingPackages, packagesWithEngines, readLockfile } from "./lockfile.ts";

const remedy = "run `npm run lockfile` after `npm install`";

test("every optional package of every platform is in the lockfile", () => {
  expect(missingPackages(readLockfile()), remedy).toEqual([]);
});

test("no optional package is left out by an npm that runs on an older node", () => {
  expect(packagesWithEngines(readLockfile()), remedy).toEqual([]);
});

test("a lockfile that npm left incomplete is noticed", () => {
  const lockfile: Lockfile = {
    packages: {
      "node_modules/tool": {
        dev: true,
        optionalDependencies: { "tool-linux-x64": "1.2.3", "tool-darwin-x64": "^1.2.3" },
      },
      "node_modules/tool-linux-x64": { optional: true, engines: { node: ">=22" } },
    },
  };
  expect(missingPackages(lockfile)).toEqual([{ name: "tool-darwin-x64", version: "1.2.3", dev: true }]);
  expect(packagesWithEngines(lockfile)).toEqual(["node_modules/tool-linux-x64"]);
});
