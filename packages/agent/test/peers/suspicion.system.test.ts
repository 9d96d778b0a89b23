/** Suspect, then ask, then call down: what others say of a peer that is not heard here. */
import { describe, expect, it } from "vitest";
import type { PeerDown } from "../../src/ports/peer-network.ts";
import { startBlackHole } from "./black-hole.ts";
import { startPeerChild } from "./peer-child.ts";
import { Fleet, type FleetHost } from "./peer-fleet.ts";

const fenceMs = 2_000;
const soon = { timeout: 30_000, interval: 10 };

function downs({ network }: FleetHost): PeerDown[] {
  const told: PeerDown[] = [];
  network.onPeerDown((event) => told.push(event));
  return told;
}

const statusOf = ({ network }: FleetHost, host: string) =>
  network.members().find(({ member }) => member.hostId === host);

describe("a peer that is not heard", () => {
  it("but that another host hears is down with that host's word, not dead", async () => {
    await using fleet = new Fleet({ fenceMs });
    for (let index = 0; index < 3; index += 1) await fleet.add();
    await using wire0 = await startBlackHole(fleet.host(0).network.addresses[0] ?? "");
    await using wire1 = await startBlackHole(fleet.host(1).network.addresses[0] ?? "");
    // Between h0 and h1 there is a wire that can be cut; h2 is reached directly by both.
    for (const [index, { network }] of fleet.hosts.entries()) {
      const members = fleet.membersFor(index).map((member) => {
        const wire = member.hostId === "h0" ? wire0 : wire1;
        return index < 2 && member.hostId !== "h2" ? { ...member, addresses: [wire.address] } : member;
      });
      network.replaceMembers(members);
    }
    await fleet.connected("up");
    const told = downs(fleet.host(0));
    wire0.cut();
    wire1.cut();
    await expect.poll(() => told, soon).toMatchObject([{ host: "h1", reason: "silent", heardBy: ["h2"] }]);
    expect(fleet.host(0).network.counters().suspected).toBeGreaterThan(0);
    await expect.poll(() => statusOf(fleet.host(0), "h1")?.heardBy, soon).toEqual(["h2"]);
    wire0.heal();
    wire1.heal();
    await expect.poll(() => statusOf(fleet.host(0), "h1")?.state, soon).toBe("up");
    expect(statusOf(fleet.host(0), "h1")?.heardBy).toEqual([]);
  });

  it("by anybody is down without such a word, and nobody's silence delays it", async () => {
    await using fleet = new Fleet({ fenceMs });
    for (let index = 0; index < 2; index += 1) await fleet.add();
    await using child = await startPeerChild("child", fenceMs);
    child.introduce(fleet.membersFor(0));
    for (const [index, { network }] of fleet.hosts.entries()) {
      network.replaceMembers([...fleet.membersFor(index), child.member]);
    }
    await fleet.connected("up");
    const told = downs(fleet.host(0));
    const startedMs = performance.now();
    child.signal("SIGSTOP");
    await expect.poll(() => told, soon).toMatchObject([{ host: "child", heardBy: [] }]);
    expect(performance.now() - startedMs).toBeLessThanOrEqual(fenceMs / 2);
    child.signal("SIGCONT");
    await expect.poll(() => statusOf(fleet.host(0), "child")?.state, soon).toBe("up");
  });
});

describe("in a fleet where heartbeats take turns", () => {
  it("a live peer stays up, and a stopped one is noticed by everybody within half of T_fence", async () => {
    const fenceMs = 4_000;
    await using fleet = new Fleet({ fenceMs, internals: () => ({ beatPeersMax: 2 }) });
    for (let index = 0; index < 5; index += 1) await fleet.add();
    await using child = await startPeerChild("child", fenceMs, 2);
    child.introduce(fleet.membersFor(0));
    for (const [index, { network }] of fleet.hosts.entries()) {
      network.replaceMembers([...fleet.membersFor(index), child.member]);
    }
    await fleet.connected("up");
    const told = fleet.hosts.map(downs);
    expect(fleet.host(0).network.links?.beatPauseMs).toBe(0.3 * fenceMs);
    const heardMs = () =>
      Math.max(
        ...fleet
          .host(0)
          .network.members()
          .map(({ heardAgeMs }) => heardAgeMs ?? 0),
      );
    // Turns come: everybody is heard again and again although each heartbeat goes to two only.
    for (let look = 0; look < 5; look += 1) await expect.poll(heardMs, soon).toBeLessThan(fenceMs / 5);
    // The first heartbeats of all links come together; from the second on each link has its own turn.
    const spreadMs = () => {
      const ages = fleet.hosts.map((host) => statusOf(host, "child")?.heardAgeMs ?? 0);
      return Math.max(...ages) - Math.min(...ages);
    };
    await expect.poll(spreadMs, soon).toBeGreaterThan(fenceMs / 10);
    expect(told.flat()).toEqual([]);
    const startedMs = performance.now();
    child.signal("SIGSTOP");
    await expect.poll(() => told.every((events) => events.some(({ host }) => host === "child")), soon).toBe(true);
    expect(performance.now() - startedMs).toBeLessThanOrEqual(fenceMs / 2);
    expect(told.flat().filter(({ host }) => host !== "child")).toEqual([]);
  });
});
