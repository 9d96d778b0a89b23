/** An agent as a process of its own, in a fleet of one host whose state and run folder are given: what `berth agent` runs. */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { defaultAgentConfig } from "../../src/config/agent-config.ts";
import { defaultConfig } from "../../src/config/berth-config.ts";
import { runDaemon } from "../../src/daemon/run-daemon.ts";

const folder = process.argv[2] ?? "";
const begun = runDaemon({
  config: { ...defaultConfig, stateDir: folder, policyPath: join(folder, "promises.cf"), embedded: true },
  agent: { ...defaultAgentConfig(join(folder, "run")), httpListen: "" },
  withDeadMan: false,
});
// In one write, so that whoever waits for it knows that the signals are taken from here on.
writeSync(1, "begins\n");
await begun;
