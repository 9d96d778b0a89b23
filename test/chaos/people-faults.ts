/** What people do: starts by hand, classes, policies, and the clock. */
import { execFileSync } from "node:child_process";
import { uuidOf } from "../support/fleet/fleet-policy.ts";
import { nowMs } from "../support/fleet/recorder.ts";
import { executingOn } from "../support/fleet/run-record.ts";
import { tickingGuestXml } from "../support/fleet/ticking-guest.ts";
import { type Durations, type Fault, type FaultScene, nothing } from "./fault.ts";

/** @param clock whether the machine's one wall clock may be set as well */
export function peopleFaults({ long, any }: Durations, clock: boolean): readonly Fault[] {
  return [
    {
      ...{ name: "start by hand", weight: 1, touches: "hand", lasts: [0, 0] },
      begin: startOnWrongHost,
      end: nothing,
    },
    {
      ...{ name: "class removed", weight: 2, touches: "policy", lasts: any },
      begin: async ({ fleet: f, host }) => {
        host.setClass("web", false);
        f.reload();
      },
      end: async ({ fleet: f, host }) => {
        host.setClass("web", true);
        f.reload();
      },
    },
    {
      ...{ name: "policy wants a guest down", weight: 1, touches: "policy", lasts: any },
      begin: async ({ fleet: f, choice }) => {
        const guest = choice.of(f.promises);
        f.setPolicy(f.promises.map((promise) => (promise === guest ? { ...promise, state: "down" } : promise)));
      },
      end: async ({ fleet: f }) => {
        f.setPolicy(f.promises.map(({ state: _down, ...promise }) => promise));
      },
    },
    {
      ...{ name: "clock set", weight: clock ? 1 : 0, touches: "clock", lasts: [500, long] },
      begin: async ({ choice }) => stepClock((choice.next() < 0.5 ? -1 : 1) * 3_600),
      end: async ({ note }) => {
        stepClock(-stepped);
        note("the clock is right again");
      },
    },
  ];
}

/** By how much the wall clock is wrong now, seconds. */
let stepped = 0;

function stepClock(seconds: number): void {
  execFileSync("date", ["-s", `@${(Date.now() / 1000 + seconds).toFixed(3)}`], { stdio: "ignore" });
  stepped += seconds;
}

/** With the hook in its place this must be refused, whoever owns the guest. */
async function startOnWrongHost({ fleet, host, note }: FaultScene): Promise<void> {
  const record = await fleet.recorder.look();
  const guest = fleet.guests.find((name) => !executingOn(record, name).includes(host.name));
  if (guest === undefined || !host.isUp) return;
  const beganMs = nowMs();
  const started = await host.createByHand(tickingGuestXml({ name: guest, uuid: uuidOf(guest) })).then(
    () => true,
    () => false,
  );
  note(
    `start of ${guest} by hand on ${host.name} ${started ? "WENT THROUGH" : "refused"} in ${(nowMs() - beganMs).toFixed(0)} ms`,
  );
}
