/** Faults of the network between the hosts. */
import { between } from "../support/fleet/fabric.ts";
import type { Fleet } from "../support/fleet/fleet.ts";
import type { FleetHost } from "../support/fleet/fleet-host.ts";
import { type Durations, type Fault, nothing } from "./fault.ts";

/** Cuts in one direction and in both, losses, a link that flaps, and no network at all. */
export function networkFaults({ long, any }: Durations): readonly Fault[] {
  return [
    {
      ...{ name: "cut off", weight: 4, touches: "network", lasts: any },
      begin: async ({ fleet: f, host }) => void (await f.partition([host.name], othersThan(f, host))),
      end: async ({ fleet: f }) => void (await f.heal()),
    },
    {
      ...{ name: "heard by nobody", weight: 2, touches: "network", lasts: any },
      begin: async ({ fleet: f, host }) =>
        void (await f.cut(othersThan(f, host).map((to) => ({ from: host.name, to })))),
      end: async ({ fleet: f }) => void (await f.heal()),
    },
    {
      ...{ name: "deaf", weight: 2, touches: "network", lasts: any },
      begin: async ({ fleet: f, host }) =>
        void (await f.cut(othersThan(f, host).map((from) => ({ from, to: host.name })))),
      end: async ({ fleet: f }) => void (await f.heal()),
    },
    {
      ...{ name: "frames lost", weight: 2, touches: "network", lasts: any },
      begin: async ({ fleet: f, host, choice }) => {
        const share = choice.between(0.05, 0.5);
        await f.cut(between([host.name], othersThan(f, host)).map((cut) => ({ ...cut, share })));
      },
      end: async ({ fleet: f }) => void (await f.heal()),
    },
    {
      ...{ name: "total outage", weight: 1, touches: "network", lasts: any },
      begin: async ({ fleet: f }) =>
        void (await f.cut(f.hosts.flatMap((h) => othersThan(f, h).map((to) => ({ from: h.name, to }))))),
      end: async ({ fleet: f }) => void (await f.heal()),
    },
    {
      ...{ name: "link flaps", weight: 2, touches: "network", lasts: [0, 0] },
      begin: async ({ fleet: f, host, choice }) => {
        const rounds = Math.floor(choice.between(2, 8));
        for (let round = 0; round < rounds; round += 1) {
          await f.partition([host.name], othersThan(f, host));
          await f.pass(choice.between(100, long));
          await f.heal();
          await f.pass(choice.between(50, 1_500));
        }
      },
      end: nothing,
    },
  ];
}

function othersThan(fleet: Fleet, host: FleetHost): readonly string[] {
  return fleet.hosts.map(({ name }) => name).filter((name) => name !== host.name);
}
