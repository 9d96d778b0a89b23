import { describe, expect, it } from "vitest";
import { createHostKey } from "../../src/peers/host-key.ts";
import type { Member } from "../../src/ports/peer-network.ts";
import { Fleet, gossipHeard, startFleet } from "./peer-fleet.ts";
import { push, renewal } from "./peer-messages.ts";

const soon = { timeout: 30_000, interval: 5 };

describe("a fleet of three hosts", () => {
  it("carries votes both ways, and says who sent them", async () => {
    await using fleet = await startFleet(3);
    const [a, b, c] = [fleet.host(0), fleet.host(1), fleet.host(2)];
    expect(a.network.send("h1", renewal(1))).toEqual({ kind: "queued" });
    expect(b.network.send("h0", renewal(2))).toEqual({ kind: "queued" });
    await expect.poll(() => b.heard, soon).toEqual([{ from: "h0", message: renewal(1) }]);
    await expect.poll(() => a.heard, soon).toEqual([{ from: "h1", message: renewal(2) }]);
    expect(c.heard).toEqual([]);
  });

  it("hears a member by the role that the list gives it now, on links that stand already", async () => {
    const roles: Member["role"][] = ["voter", "observer"];
    await using fleet = await startFleet(2, { role: (index) => roles[index] ?? "voter" });
    const [a, b] = [fleet.host(0), fleet.host(1)];
    roles[1] = "voter";
    fleet.introduce();
    expect(b.network.send("h0", renewal(1))).toEqual({ kind: "queued" });
    await expect.poll(() => a.heard, soon).toEqual([{ from: "h1", message: renewal(1) }]);
    roles[1] = "observer";
    a.network.replaceMembers(fleet.membersFor(0));
    expect(b.network.send("h0", renewal(2))).toEqual({ kind: "queued" });
    await expect.poll(() => a.network.counters()["role-refused"], soon).toBe(1);
    expect(a.heard).toHaveLength(1);
  });

  it("goes on dialling a member one of whose addresses leads to somebody else, such as the bridge that every host has", async () => {
    await using fleet = new Fleet({});
    const [host, other] = [await fleet.add(), await fleet.add()];
    const { peerId } = await createHostKey();
    const addresses = [...other.network.addresses, "/ip4/127.0.0.1/tcp/1"];
    const member = { hostId: "h9", peerId, addresses, role: "voter" as const };
    const self = { ...member, hostId: "h0", peerId: host.network.peerId, addresses: [] };
    host.network.replaceMembers([member, self]);
    await expect.poll(() => host.network.counters().dialled, soon).toBeGreaterThan(3);
    host.network.replaceMembers([{ ...member, addresses: other.network.addresses }, self]);
    await expect.poll(() => host.network.counters()["wrong-key"], soon).toBeGreaterThan(0);
  });

  it("carries gossip to everybody once, with each entry signed by its origin", async () => {
    await using fleet = await startFleet(3);
    for (let seq = 1; seq <= 20; seq += 1) fleet.host(0).network.broadcast(push("h0", seq));
    const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
    for (const index of [1, 2]) {
      await expect.poll(() => gossipHeard(fleet.host(index)).sort((x, y) => x - y), soon).toEqual(numbers);
    }
    expect(fleet.host(0).heard).toEqual([]);
    const told = fleet.host(1).heard[0]?.message;
    expect(told?.kind === "gossip-push" && told.entries[0]?.proof?.length).toBe(88);
  });

  it("cuts a push that is too big into pieces that all arrive", async () => {
    await using fleet = await startFleet(2);
    fleet.host(0).network.broadcast(push("h0", 0, 128, "x".repeat(500)));
    fleet.host(0).network.send("h1", push("h0", 1_000, 128, "y".repeat(500)));
    await expect.poll(() => new Set(gossipHeard(fleet.host(1))).size, soon).toBe(256);
  });
});
