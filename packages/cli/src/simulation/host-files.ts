/** The files that each simulated host has before its first boot: those that a real host would get from its set-up. */
import { mkdirSync, writeFileSync } from "node:fs";
import { embeddedOptionsPath } from "@berth/agent/adapters/embedded/embedded-options";
import { makeFleet } from "@berth/agent/fleet/make-fleet";
import { profiles } from "@berth/agent/fleet/profiles";
import { CliError } from "../cli-error.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import { placesOf, type SimulationPlan } from "./simulation-plan.ts";

/** Founds the fleet and writes configuration and policy of every host. @throws CliError USAGE, and what makeFleet throws */
export async function writeHostFiles(plan: SimulationPlan, network: SimulatedNetwork): Promise<void> {
  const profile = profileOf(plan);
  for (const host of plan.hosts) {
    const places = placesOf(plan, host);
    mkdirSync(places.stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(embeddedOptionsPath(places.stateFile), JSON.stringify({ startMs: plan.startMs, journal: true }));
    writeFileSync(places.policyFile, plan.policy);
    writeFileSync(places.configFile, hostConfig(plan, host, network));
  }
  await makeFleet(
    plan.hosts.map((host) => {
      const address = network.listenAddress(host);
      return { host, stateDir: placesOf(plan, host).stateDir, listen: [address], advertise: [address] };
    }),
    { fleet: "simulation", profile },
  );
}

/** The fleet's profile: with a watchdog device the one of the same name that waits for it. @throws CliError USAGE */
export function profileOf({ profile, watchdog = false }: Pick<SimulationPlan, "profile" | "watchdog">) {
  const name = watchdog ? `${profile}-watchdog` : profile;
  const found = Object.values(profiles).find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  throw new CliError("USAGE", `there is no profile ${name}`, { remedy: "A watchdog device goes with --profile lan." });
}

/** JSON is YAML, and needs no care with quoting. */
function hostConfig(plan: SimulationPlan, host: string, network: SimulatedNetwork): string {
  const places = placesOf(plan, host);
  const others = plan.hosts.filter((other) => other !== host);
  const config = {
    embedded: true,
    state_dir: places.stateDir,
    run_dir: places.runDir,
    policy: places.policyFile,
    // So that a policy can name a host of the simulation: the machine's own name is the same on all of them.
    classes: [host],
    peer_addresses: Object.fromEntries(others.map((to) => [to, [network.dialAddress({ from: host, to })]])),
    http_listen: "",
    ...(plan.watchdog === true ? { watchdog: places.watchdog } : {}),
    pass_period: 5,
    shutdown_timeout: 2,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
