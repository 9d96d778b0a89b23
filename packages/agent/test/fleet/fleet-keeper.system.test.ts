/** Who belongs to the fleet, as running agents keep it: news spread, forgeries do not, removed hosts are out. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { multiaddr } from "@multiformats/multiaddr";
import { describe, expect, it } from "vitest";
import { moveHost, openFleetHome } from "../../src/fleet/fleet-home.ts";
import { fleetKeyHash, loadFleetKey } from "../../src/fleet/fleet-key.ts";
import { changeMembers, rotateFleetKey } from "../../src/fleet/fleet-ledger.ts";
import { withoutMember, withRole } from "../../src/fleet/member-changes.ts";
import { signMembers } from "../../src/fleet/member-signing.ts";
import { createRawKey, privateKeyOf } from "../../src/peers/ed25519.ts";
import { FleetGround, freeAddress, type RunningHost, soon, upOf } from "./running-fleet.ts";

type Three = readonly [RunningHost, RunningHost, RunningHost];
const three = (hosts: readonly RunningHost[]) => hosts as unknown as Three;
const change = ({ stateDir }: RunningHost, wish: Parameters<typeof changeMembers>[2]) =>
  changeMembers(stateDir, Date.now(), wish);

describe("a newer member list", () => {
  it("that a command signs is taken by the agent beside it, and then by everybody", async () => {
    await using ground = new FleetGround();
    const hosts = await ground.grow(3);
    const [h1] = three(hosts);
    await change(h1, (body) => withRole(body, "h3", "observer"));
    await expect.poll(() => hosts.map(({ keeper }) => keeper.members.number), soon).toEqual([4, 4, 4]);
    for (const { stateDir, keeper } of hosts) expect(openFleetHome(stateDir).members).toEqual(keeper.members);
    expect(h1.network.members().find(({ member }) => member.hostId === "h3")?.member.role).toBe("observer");
  });

  it("reaches a host that was away when it connects again, from whoever has it", async () => {
    await using ground = new FleetGround();
    const hosts = await ground.grow(3);
    const [h1, h2, h3] = three(hosts);
    await h3.stop();
    await change(h1, (body) => withRole(body, "h2", "member"));
    await expect.poll(() => h2.keeper.members.number, soon).toBe(4);
    await h1.stop();
    const again = await ground.start(h3.stateDir);
    await expect.poll(() => again.keeper.members.number, soon).toBe(4);
  });

  it("arrives also when the word of it got lost on the way", async () => {
    await using ground = new FleetGround();
    const [h1, h2] = (await ground.grow(2)) as [RunningHost, RunningHost];
    h1.network.broadcastNotice = () => {};
    await change(h1, (body) => withRole(body, "h2", "member"));
    await expect.poll(() => h2.keeper.members.number, soon).toBe(3);
  });

  it("is not believed when another key signed it, whoever sends it", async () => {
    await using ground = new FleetGround();
    const [h1, h2] = (await ground.grow(2)) as [RunningHost, RunningHost];
    const raw = createRawKey();
    const forger = { publicKey: Buffer.from(raw.subarray(32)).toString("base64"), signer: privateKeyOf(raw) };
    const { signature: _, ...body } = h1.keeper.members;
    for (const fleetKey of [body.fleetKey, forger.publicKey]) {
      const document = signMembers({ ...body, fleetKey, number: 99, members: body.members.slice(0, 1) }, forger);
      h1.network.sendNotice("h2", { kind: "members", document });
    }
    await expect.poll(() => h2.network.counters()["bad-proof"], soon).toBe(2);
    expect(h2.keeper.members).toEqual(h1.keeper.members);
    expect(h2.peerLog.some(({ code, host }) => code === "bad-proof" && host === "h1")).toBe(true);
  });

  it("that is an old one again is counted and not taken", async () => {
    await using ground = new FleetGround();
    const [h1, h2] = (await ground.grow(2)) as [RunningHost, RunningHost];
    const old = h1.keeper.members;
    await change(h1, (body) => withRole(body, "h2", "member"));
    await expect.poll(() => h2.keeper.members.number, soon).toBe(3);
    h1.network.sendNotice("h2", { kind: "members", document: old });
    await expect.poll(() => h2.network.counters().replayed, soon).toBe(1);
    expect(h2.keeper.members.number).toBe(3);
  });
});

describe("a host that is removed", () => {
  it("says so, is cut by all others, and cannot come back with the token it came with", async () => {
    await using ground = new FleetGround();
    const hosts = await ground.grow(3);
    const [h1, h2, h3] = three(hosts);
    await change(h1, (body) => withoutMember(body, "h3"));
    await expect.poll(() => h3.keeper.isRemoved, soon).toBe(true);
    expect(h3.log.some(({ code, text }) => code === "FLEET_REMOVED" && text.includes("h3 was removed"))).toBe(true);
    await expect.poll(() => [upOf(h1), upOf(h2), upOf(h3)], soon).toEqual([1, 1, 0]);
    for (const { network } of [h1, h2])
      expect(network.members().map(({ member }) => member.hostId)).not.toContain("h3");
    await h3.stop();
    const again = await ground.start(h3.stateDir);
    expect(again.keeper.isRemoved).toBe(true);
  });

  it("while it was away is refused when it comes", async () => {
    await using ground = new FleetGround();
    const hosts = await ground.grow(3);
    const [h1, h2, h3] = three(hosts);
    await h3.stop();
    await change(h1, (body) => withoutMember(body, "h3"));
    await expect.poll(() => h2.keeper.members.number, soon).toBe(4);
    const again = await ground.start(h3.stateDir);
    // Which of two hosts dials depends on their keys, so this one is made to.
    const address = multiaddr(`${h2.network.addresses[0]}/p2p/${h2.network.peerId}`);
    await again.network.node?.dial(address).catch(() => {});
    await expect.poll(() => h2.network.counters()["unknown-peer"], soon).toBeGreaterThan(0);
    await expect.poll(() => [upOf(h1), upOf(h2), upOf(again)], soon).toEqual([1, 1, 0]);
  });

  it("while it was away is told by who signed, once it is back, and by nobody when it never was removed", async () => {
    await using ground = new FleetGround();
    const hosts = await ground.grow(3);
    const [h1, h2, h3] = three(hosts);
    await h3.stop();
    await expect.poll(() => upOf(h1), soon).toBe(1);
    await change(h1, (body) => withoutMember(body, "h3"));
    await expect.poll(() => h2.keeper.members.number, soon).toBe(4);
    // For a moment after the signing h1 lets it in, to tell it over the ordinary link.
    const known = () => h1.network.members().map(({ member }) => member.hostId);
    await expect.poll(known, soon).not.toContain("h3");
    const again = await ground.start(h3.stateDir);
    await expect.poll(() => again.keeper.isRemoved, soon).toBe(true);
    expect(again.log.some(({ code }) => code === "FLEET_REMOVED")).toBe(true);
    await expect.poll(() => h1.log.some(({ code }) => code === "FLEET_FAREWELL"), soon).toBe(true);
    expect(JSON.parse(readFileSync(join(h1.stateDir, "farewells.json"), "utf8"))).toEqual([]);
    expect(existsSync(join(h2.stateDir, "farewells.json"))).toBe(false);
    expect(upOf(h1)).toBe(1);
  });
});

describe("the fleet key", () => {
  it("is rotated by one host and followed by all, and the old one signs nothing any more", async () => {
    await using ground = new FleetGround();
    const hosts = await ground.grow(3);
    const [h1, , h3] = three(hosts);
    const oldKey = loadFleetKey(h1.stateDir);
    const token = await ground.token(h1.stateDir);
    await h3.stop();
    const { fleetKey } = await rotateFleetKey(h1.stateDir, Date.now());
    await rotateFleetKey(h1.stateDir, Date.now());
    expect(fleetKeyHash(fleetKey)).not.toBe(fleetKeyHash(oldKey?.publicKey ?? ""));
    // h3 was away for two rotations, and follows both.
    const again = await ground.start(h3.stateDir);
    await expect.poll(() => again.keeper.members.rotations.length, soon).toBe(2);
    expect(openFleetHome(h3.stateDir).members.fleetKey).toBe(loadFleetKey(h1.stateDir)?.publicKey);
    if (oldKey === undefined) throw new RangeError("the founder has the fleet key");
    const { signature: _, rotations, ...body } = again.keeper.members;
    const document = signMembers({ ...body, rotations: [], fleetKey: oldKey.publicKey, number: 99 }, oldKey);
    expect(() => again.keeper.adopt(document)).toThrow(expect.objectContaining({ code: "FLEET_INVALID" }));
    await expect(ground.join(token, "h9", { waitMs: 1 })).rejects.toMatchObject({
      code: expect.stringMatching(/TOKEN_REFUSED|OPERATION_FAILED/),
    });
  });
});

describe("voters", () => {
  it("are asked for when a third host is there, on the host with the fleet key only", async () => {
    await using ground = new FleetGround();
    const hosts = await ground.grow(3);
    const [h1, h2, h3] = three(hosts);
    await expect.poll(() => h1.operated, soon).toHaveLength(1);
    const voters = h1.keeper.members.members.map(({ disk, hostId }) => ({ voter: disk, host: hostId }));
    expect(h1.operated).toEqual([{ kind: "change-voters", voters }]);
    expect([h2.operated, h3.operated]).toEqual([[], []]);
  });

  it("whose disk was wiped are known by their new disk, from the host itself", async () => {
    await using ground = new FleetGround();
    const [h1, h2] = (await ground.grow(2)) as [RunningHost, RunningHost];
    await h2.stop();
    const again = await ground.start(h2.stateDir, "a-new-disk");
    await expect.poll(() => again.keeper.members.members[1]?.disk, soon).toBe("a-new-disk");
    expect(h1.log.some(({ code, text }) => code === "MEMBER_CHANGED" && /^h2 has a new disk/.test(text))).toBe(true);
  });

  it("whose disk was wiped on the host with the fleet key itself are signed anew there", async () => {
    await using ground = new FleetGround();
    const [h1, h2] = (await ground.grow(2)) as [RunningHost, RunningHost];
    await h1.stop();
    await ground.start(h1.stateDir, "a-new-disk");
    await expect.poll(() => h2.keeper.members.members[0]?.disk, soon).toBe("a-new-disk");
  });
});

describe("a host that moves", () => {
  it("tells its new address, and all others dial it there", async () => {
    await using ground = new FleetGround();
    const hosts = await ground.grow(3);
    const [h1, h2, h3] = three(hosts);
    await h2.stop();
    const [address = ""] = freeAddress();
    moveHost(h2.stateDir, { advertise: [address], listen: [address] });
    const again = await ground.start(h2.stateDir);
    const addressesAt = ({ keeper }: RunningHost) =>
      keeper.members.members.find(({ hostId }) => hostId === "h2")?.addresses;
    await expect.poll(() => [h1, h3, again].map(addressesAt), soon).toEqual([[address], [address], [address]]);
    await expect.poll(() => [h1, h3, again].map(upOf), soon).toEqual([2, 2, 2]);
  });
});
