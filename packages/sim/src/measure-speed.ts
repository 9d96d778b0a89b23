import { profiles } from "@berth/claims";
import type { FleetSpec } from "./fleet-spec.ts";
import { World } from "./world.ts";

/** Virtual seconds of a quiet five-host, six-guest fleet per real second on one core; at least 300 are wanted. */
const wantedSpeed = 300;

/** Runs a quiet fleet for so many virtual ms; the speed is counted in the processor's own time. */
export function measureSpeed(virtualMs: number): { readonly speed: number; readonly events: number } {
  const spec: FleetSpec = {
    seed: 1,
    profile: "lan",
    hosts: 5,
    witnesses: 0,
    spares: 0,
    voters: [0, 1, 2],
    guests: Array.from({ length: 6 }, (_, index) => ({
      name: `web${index + 1}`,
      mode: "quorum",
      onIsolated: { kind: "pause" },
      eligible: [0, 1, 2, 3, 4],
      keep: "longest_running",
      memoryMib: 1024,
      runsAlreadyOn: [],
    })),
    rho: profiles.lan.rho,
    timing: "ordinary",
    faults: [],
    tailMs: 0,
  };
  const world = new World(spec);
  const before = process.cpuUsage();
  world.runUntil(virtualMs);
  const { user, system } = process.cpuUsage(before);
  return { speed: virtualMs / ((user + system) / 1000), events: world.queue.scheduled };
}

/** False when the simulator is slower than wanted. */
export function reportSpeed(say: (line: string) => void): boolean {
  measureSpeed(60_000);
  const { speed, events } = measureSpeed(600_000);
  say(
    `Speed: ${Math.round(speed)} virtual seconds per real second on one core (5 hosts, 6 guests, ${events} events in 600 s; wanted ${wantedSpeed})`,
  );
  return speed >= wantedSpeed;
}
