import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { foundFleet } from "../../src/fleet/fleet-home.ts";

const main = fileURLToPath(new URL("daemon-process.ts", import.meta.url));

test("a request to load the policy anew that comes while the agent starts does not end it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-daemon-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await foundFleet(folder, { host: "h1", listen: ["/ip4/127.0.0.1/tcp/0"], advertise: [] });
  const child = spawn(process.execPath, [main, folder], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  await once(child.stdout, "data");
  child.kill("SIGHUP");
  const outcome = () => (child.signalCode ?? log.includes("AGENT_STARTED")) || undefined;
  await expect.poll(outcome, { timeout: 20_000 }).toBe(true);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});
