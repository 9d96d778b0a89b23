/** The faults of the campaign. Each begins, lasts, and ends; what it may destroy is said by what it is. */
import { execFileSync } from "node:child_process";
import { grantMs } from "@berth/claims";
import { between } from "../support/fleet/fabric.ts";
import type { Fleet } from "../support/fleet/fleet.ts";
import type { FleetHost } from "../support/fleet/fleet-host.ts";
import { uuidOf } from "../support/fleet/fleet-policy.ts";
import { nowMs } from "../support/fleet/recorder.ts";
import { executingOn } from "../support/fleet/run-record.ts";
import { tickingGuestXml } from "../support/fleet/ticking-guest.ts";
import type { SeededChoice } from "./seeded-choice.ts";

/** What a fault has to know while it lasts. */
export interface FaultScene {
  readonly fleet: Fleet;
  /** The host that it is about. */
  readonly host: FleetHost;
  readonly choice: SeededChoice;
  /** Written down with the time. */
  note(text: string): void;
}

/** One kind of fault. */
export interface Fault {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** What it takes away: two faults that touch one part of one host do not go together. */
  readonly touches: "power" | "agent" | "dead-man" | "libvirtd" | "qemu" | "network" | "hand" | "policy" | "clock";
  /** How long it may last, in ms; chosen evenly. */
  readonly lasts: readonly [minimum: number, maximum: number];
  begin(scene: FaultScene): Promise<void>;
  end(scene: FaultScene): Promise<void>;
}

const nothing = async (): Promise<void> => {};

/**
 * Every fault for a fleet with this profile.
 * @param clock whether the machine's one wall clock may be set as well
 */
export function faultsOf(fleet: Fleet, { clock }: { readonly clock: boolean }): readonly Fault[] {
  const long = grantMs(fleet.profile);
  const short: readonly [number, number] = [200, long];
  const any: readonly [number, number] = [200, 3 * long];
  return [
    {
      ...{ name: "power cut", weight: 4, touches: "power", lasts: [500, 2 * long] },
      begin: async ({ host, note }) => {
        await host.powerCut();
        note(`${host.name} has no power`);
      },
      end: ({ host }) => host.boot(),
    },
    {
      ...{ name: "disk of the voter lost", weight: 1, touches: "power", lasts: [500, long] },
      begin: async ({ host }) => {
        await host.powerCut();
        host.wipeVoter();
      },
      end: ({ host }) => host.boot(),
    },
    {
      ...{ name: "agent killed, started again", weight: 3, touches: "agent", lasts: [0, 300] },
      begin: ({ host }) => host.daemon("agent").kill(),
      end: ({ host }) => host.start("agent"),
    },
    {
      ...{ name: "agent killed, away", weight: 2, touches: "agent", lasts: any },
      begin: ({ host }) => host.daemon("agent").kill(),
      end: ({ host }) => host.start("agent"),
    },
    {
      ...{ name: "agent restarted", weight: 2, touches: "agent", lasts: [0, 0] },
      begin: ({ host }) => host.restart("agent"),
      end: nothing,
    },
    {
      ...{ name: "agent stopped", weight: 3, touches: "agent", lasts: any },
      begin: async ({ host }) => host.daemon("agent").signal("SIGSTOP"),
      end: async ({ host }) => host.daemon("agent").signal("SIGCONT"),
    },
    {
      ...{ name: "agent stopped for a minute", weight: 1, touches: "agent", lasts: [60_000, 60_000] },
      begin: async ({ host }) => host.daemon("agent").signal("SIGSTOP"),
      end: async ({ host }) => host.daemon("agent").signal("SIGCONT"),
    },
    {
      ...{ name: "all agents restarted in turn", weight: 1, touches: "agent", lasts: [0, 0] },
      begin: async ({ fleet: f }) => {
        const names = f.hosts.map(({ name }) => name);
        for (const host of f.hosts) {
          await host.restart("agent");
          await f.until(`${host.name} is back`, () => host.isReady(names), { withinMs: 60_000 });
        }
      },
      end: nothing,
    },
    {
      ...{ name: "dead-man stopped", weight: 2, touches: "dead-man", lasts: any },
      begin: async ({ host }) => host.daemon("dead-man").signal("SIGSTOP"),
      end: async ({ host }) => host.daemon("dead-man").signal("SIGCONT"),
    },
    {
      ...{ name: "dead-man killed, started again", weight: 1, touches: "dead-man", lasts: [100, 1_000] },
      begin: ({ host }) => host.daemon("dead-man").kill(),
      end: ({ host }) => host.start("dead-man"),
    },
    {
      ...{ name: "libvirtd stopped", weight: 2, touches: "libvirtd", lasts: any },
      begin: ({ host }) => host.libvirtd.stopDaemon("SIGTERM"),
      end: ({ host }) => host.libvirtd.startDaemon(),
    },
    {
      ...{ name: "libvirtd frozen", weight: 1, touches: "libvirtd", lasts: short },
      begin: ({ host }) => host.libvirtd.stopDaemon("SIGSTOP"),
      end: ({ host }) => host.libvirtd.stopDaemon("SIGCONT"),
    },
    {
      ...{ name: "QEMU frozen", weight: 2, touches: "qemu", lasts: any },
      begin: (scene) => everyGuestOn(scene, "STOP"),
      end: (scene) => everyGuestOn(scene, "CONT"),
    },
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

function othersThan(fleet: Fleet, host: FleetHost): readonly string[] {
  return fleet.hosts.map(({ name }) => name).filter((name) => name !== host.name);
}

/** Guests come and go meanwhile: a hypervisor process that is gone needs no signal. */
async function everyGuestOn({ host, fleet }: FaultScene, signal: "STOP" | "CONT"): Promise<void> {
  await Promise.all(fleet.guests.map((guest) => host.signalGuest(guest, signal).catch(() => {})));
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
