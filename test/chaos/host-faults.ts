/** Faults of a host and of the processes on it. */
import { type Durations, type Fault, type FaultScene, nothing } from "./fault.ts";

/** Power, agent, dead-man, libvirtd, QEMU. */
export function hostFaults(durations: Durations): readonly Fault[] {
  return [
    ...powerFaults(durations),
    ...agentFaults(durations),
    ...deadManFaults(durations),
    ...libvirtFaults(durations),
  ];
}

/** The whole host. */
function powerFaults({ long }: Durations): readonly Fault[] {
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
  ];
}

/** The agent. */
function agentFaults({ any }: Durations): readonly Fault[] {
  return [
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
  ];
}

/** The dead-man. */
function deadManFaults({ any }: Durations): readonly Fault[] {
  return [
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
  ];
}

/** libvirtd, and QEMU itself. */
function libvirtFaults({ any, short }: Durations): readonly Fault[] {
  return [
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
  ];
}

/** Guests come and go meanwhile: a hypervisor process that is gone needs no signal. */
async function everyGuestOn({ host, fleet }: FaultScene, signal: "STOP" | "CONT"): Promise<void> {
  await Promise.all(fleet.guests.map((guest) => host.signalGuest(guest, signal).catch(() => {})));
}
