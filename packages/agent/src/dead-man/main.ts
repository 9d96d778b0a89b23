/** The dead-man's command line, for a unit that shall load nothing else of Berth. */
import { parseArgs } from "node:util";
import { defaultDeadManSettings, runDeadMan } from "./run-dead-man.ts";

const fallback = defaultDeadManSettings;
const { values } = parseArgs({
  options: {
    "run-dir": { type: "string", default: fallback.runDir },
    "state-dir": { type: "string", default: fallback.stateDir },
    uri: { type: "string", default: fallback.uri },
    watchdog: { type: "string" },
    "pid-dir": { type: "string", default: fallback.pidDirectory },
    "cgroup-root": { type: "string", default: fallback.cgroupRoot },
  },
});

await runDeadMan({
  runDir: values["run-dir"],
  stateDir: values["state-dir"],
  uri: values.uri,
  ...(values.watchdog === undefined ? {} : { watchdog: values.watchdog }),
  pidDirectory: values["pid-dir"],
  cgroupRoot: values["cgroup-root"],
});
