import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const checkout = fileURLToPath(new URL("../../../../", import.meta.url));

it("shows by one command a host lost, one cut off and all cut off, with every guest once, and ends by itself", () => {
  const { status, stdout, stderr } = spawnSync("npm", ["start", "--silent"], { cwd: checkout, encoding: "utf8" });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const report = stdout.slice(stdout.indexOf("WHAT WAS DONE"));
  expect(report).toMatch(/power cut on h\d +h\d +web\d is gone with the power +0\.\d\d s/);
  expect(report).toMatch(/ {2}h\d +web\d runs here now +\d+\.\d\d s/);
  expect(report).toMatch(/partition h\d \| h\d,h\d +h\d +web\d paused +\d+\.\d\d s/);
  expect(report).toMatch(/ {2}h\d +web\d is off here +\d+\.\d\d s/);
  expect(report).toMatch(/heal +h\d +web\d resumed +\d+\.\d\d s/);
  expect(report).toMatch(/Executing on two hosts at once: 0 ms, over \d+ runs of guests\.\n$/);
}, 180_000);
