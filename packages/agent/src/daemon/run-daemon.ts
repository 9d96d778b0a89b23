import { flushCompileCache } from "node:module";
import { reasonOf } from "../agent-error.ts";
import { startApi } from "../api/start-api.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { BerthConfig } from "../config/berth-config.ts";
import { openFleetHome } from "../fleet/fleet-home.ts";
import { createAgentLog } from "../logging/agent-log.ts";
import { watchUncaught } from "./library-faults.ts";
import type { RunningAgent } from "./running-agent.ts";
import { ServiceNotifier } from "./service-notifier.ts";
import { startAgent } from "./start-agent.ts";

/** What `berth agent` was asked for. */
export interface DaemonInit {
  readonly config: BerthConfig;
  readonly agent: AgentConfig;
  readonly withDeadMan: boolean;
}

/** After its end was asked for, the process is gone within this time, whatever hangs. */
const exitMs = 5_000;
/** After everything is closed: time to write the last lines. */
const lingerMs = 100;

/**
 * The agent as a process: starts it with its local API, tells the service manager, and ends it in order on SIGTERM or SIGINT.
 * SIGHUP loads the policy anew.
 *
 * @returns once a signal has ended it
 * @throws AgentError why it could not start, or had to end by itself
 */
export async function runDaemon({ config, agent, withDeadMan }: DaemonInit): Promise<void> {
  const home = openFleetHome(config.stateDir);
  const log = createAgentLog({ level: agent.logLevel });
  // Asked for before the start: a signal that comes in between must not end the process in the middle of it.
  const signal = new Promise<string>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => resolve(name));
  });
  let running: RunningAgent | undefined;
  // An agent that starts reads the policy anyway; one that ends has no use for it.
  const onHangUp = () => {
    running?.reload().catch((error: unknown) => log.warn("POLICY_PROBLEM", reasonOf(error)));
  };
  process.on("SIGHUP", onHangUp);
  running = await startAgent({ config, agent, home, log, withDeadMan });
  const notifier = new ServiceNotifier(process.env);
  const bug = Promise.withResolvers<never>();
  const unwatch = watchUncaught({
    link: (error) => log.warn("PEER_LINK_FAULT", `a link died under libp2p's hands: ${error.message}`),
    ours: (error) => {
      process.exitCode = 1;
      bug.reject(error);
    },
  });
  bug.promise.catch(() => {});
  try {
    const api = await startApi({ agent: running, config: agent, log });
    log.info("AGENT_STARTED", `${home.self} of fleet ${home.fleet} runs, pid ${process.pid}`);
    notifier.ready();
    // An agent seldom ends in order, and one that starts again has T_fence less the time for it: a compiled start is twice as fast.
    flushCompileCache();
    try {
      const name = await Promise.race([signal, running.ended.then(() => undefined), bug.promise]);
      if (name !== undefined) log.info("AGENT_STOPS", `ends on ${name}; its guests run on until the lease ends`);
    } finally {
      notifier.stopping();
      await api.close();
    }
  } finally {
    // Whatever a library still holds open after that must not keep the process: its successor waits for the store.
    running.ended.catch(() => {
      process.exitCode = 1;
    });
    setTimeout(() => process.exit(), exitMs).unref();
    await running.stop();
    unwatch();
    // Timers of libraries would hold the process for another second, which is a quarter of a lease.
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}
