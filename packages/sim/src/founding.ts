import type { Configuration, Profile } from "@berth/claims";
import type { Disk } from "./disk.ts";
import { type FleetSpec, nodeName } from "./fleet-spec.ts";
import type { Machine } from "./machine.ts";

/** What was there before the first agent started: the founders' configuration, their voters' disks, guests that ran already. */
export function firstConfig(spec: FleetSpec, profile: Profile): Configuration {
  const voters = spec.voters.map((node) => {
    const host = nodeName(spec, node);
    return { voter: `${host}-disk1`, host };
  });
  return { number: 1, voters, profile };
}

/** Writes what `berth init` writes: each founding voter's disk knows that it is one, and that it is active. */
export function foundVoters(config: Configuration, diskOf: (host: string) => Disk | undefined): void {
  for (const { voter, host } of config.voters) {
    const disk = diskOf(host);
    disk?.records.set("voter-disk", { kind: "voter-disk", value: { voter } });
    disk?.records.set("voter-active", { kind: "voter-active", value: { cfg: config.number } });
  }
}

/** Starts the guests that run before any agent is installed, the first copy of each a minute before the next. */
export function plantGuests(spec: FleetSpec, machineAt: (node: number) => Machine): void {
  for (const { name, runsAlreadyOn } of spec.guests) {
    for (const [index, node] of runsAlreadyOn.entries()) {
      const machine = machineAt(node);
      machine.hypervisor.plant(name, -60_000 * (runsAlreadyOn.length - index));
      machine.autostart.add(name);
    }
  }
}
