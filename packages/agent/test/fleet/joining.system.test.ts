/** Coming into a fleet by a token: the way in, everybody who is refused, and what strangers do to the door. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { lpStream } from "@libp2p/utils";
import { multiaddr } from "@multiformats/multiaddr";
import { describe, expect, it } from "vitest";
import { openFleetHome } from "../../src/fleet/fleet-home.ts";
import { joinFleet, rekeyHost } from "../../src/fleet/join-fleet.ts";
import { JoinListener } from "../../src/fleet/join-listener.ts";
import { readTokens, revokeTokens } from "../../src/fleet/token-book.ts";
import { formatToken, parseToken } from "../../src/fleet/token-text.ts";
import { createHostKey, loadHostKey } from "../../src/peers/host-key.ts";
import { openRecordStore } from "../../src/store/open-record-store.ts";
import { startBare } from "../peers/hostile-host.ts";
import { FleetGround, type RunningHost, soon, upOf } from "./running-fleet.ts";

const refused = (why: RegExp) => ({ code: "TOKEN_REFUSED", message: expect.stringMatching(why) });

/** A founder that runs. */
async function startFounder(ground: FleetGround, fleet?: string): Promise<RunningHost> {
  const { stateDir } = await ground.found("h1", fleet);
  return await ground.start(stateDir);
}

describe("joining", () => {
  it("brings a host and a witness into a fleet, and all three hear each other", async () => {
    await using ground = new FleetGround();
    const first = await startFounder(ground);
    const tokens = [await ground.token(first.stateDir), await ground.token(first.stateDir)];
    const h2 = await ground.join(tokens[0] ?? "", "h2");
    const witness = await ground.join(tokens[1] ?? "", "w", { hypervisor: false });
    expect(witness).toMatchObject({ fleet: "blue", self: "w", hypervisor: false, founding: first.home.founding });
    const hosts = [first, await ground.start(h2.stateDir), await ground.start(witness.stateDir)];
    await expect.poll(() => hosts.map(upOf), soon).toEqual([2, 2, 2]);
    for (const { keeper } of hosts) {
      expect(keeper.members.members.map(({ hostId, role, hypervisor }) => [hostId, role, hypervisor])).toEqual([
        ["h1", "voter", true],
        ["h2", "voter", true],
        ["w", "voter", false],
      ]);
    }
    expect(first.network.counters().joined).toBe(2);
  });

  it("leaves a host with a disk that may vote, the list on it, and no fleet key", async () => {
    await using ground = new FleetGround();
    const first = await startFounder(ground);
    const { stateDir, members } = await ground.join(await ground.token(first.stateDir), "h2");
    const store = await openRecordStore(join(stateDir, "store"));
    expect(store.load()).toEqual([{ kind: "voter-disk", value: { voter: store.diskId } }]);
    await store.close();
    expect(members.members.find(({ hostId }) => hostId === "h2")?.disk).toBe(store.diskId);
    expect(() => readFileSync(join(stateDir, "fleet.key"))).toThrow();
    expect(openFleetHome(stateDir).members).toEqual(first.keeper.members);
  });

  it("lets two hosts in that knock at the same moment, each with its own token", async () => {
    await using ground = new FleetGround();
    const first = await startFounder(ground);
    const tokens = [await ground.token(first.stateDir), await ground.token(first.stateDir)];
    await Promise.all(tokens.map((token, index) => ground.join(token, `n${index}`)));
    expect(first.keeper.members.number).toBe(3);
    expect(first.keeper.members.members.map(({ hostId }) => hostId).sort()).toEqual(["h1", "n0", "n1"]);
  });

  it("waits for an inviter whose agent starts later", async () => {
    await using ground = new FleetGround();
    const { stateDir } = await ground.found("h1");
    const reasons: string[] = [];
    const token = await ground.token(stateDir);
    const joining = ground.join(token, "h2", { waitMs: 20_000, onWaiting: (why) => reasons.push(why) });
    await expect.poll(() => reasons.length, soon).toBeGreaterThan(0);
    await ground.start(stateDir);
    expect((await joining).self).toBe("h2");
  });

  it("can be done again by a host that lost the answer, with the same token, and by nobody else", async () => {
    await using ground = new FleetGround();
    const first = await startFounder(ground);
    const token = await ground.token(first.stateDir);
    const { stateDir } = await ground.join(token, "h2");
    for (const name of ["fleet.json", "members.json"]) rmSync(join(stateDir, name));
    await expect(ground.join(token, "h3")).rejects.toMatchObject(refused(/used already, by h2/));
    const listen = first.home.listen;
    const again = await joinFleet(stateDir, { token, host: "h2", release: "0", listen });
    expect(again.members.members.map(({ hostId }) => hostId)).toEqual(["h1", "h2"]);
  });

  it("lets a host that lost everything take its old place again, with a token made for it", async () => {
    await using ground = new FleetGround();
    const [first] = await ground.grow(2);
    if (first === undefined) throw new RangeError("two hosts were started");
    const before = first.keeper.members.members[1];
    await expect(ground.join(await ground.token(first.stateDir), "h2")).rejects.toMatchObject(
      refused(/h2 in the fleet already: choose another name/),
    );
    const home = await ground.join(await ground.token(first.stateDir, { forHost: "h2" }), "h2");
    const after = home.members.members[1];
    expect(after).toMatchObject({ hostId: "h2" });
    expect([after?.peerId, after?.disk]).not.toEqual([before?.peerId, before?.disk]);
    await ground.start(home.stateDir);
    await expect
      .poll(() => first.network.members().find(({ state }) => state === "up")?.member.peerId, soon)
      .toBe(after?.peerId);
  });
});

describe("a host's own key", () => {
  it("is rotated with a token made for it: its name and disk stay, and the old key opens nothing any more", async () => {
    await using ground = new FleetGround();
    const [first, second] = (await ground.grow(2)) as [RunningHost, RunningHost];
    const before = first.keeper.members.members[1];
    await second.stop();
    const keyFile = join(second.stateDir, "host.key");
    const oldKey = readFileSync(keyFile);
    const token = await ground.token(first.stateDir, { forHost: "h2" });
    await rekeyHost(second.stateDir, { token, release: "0" });
    const again = await ground.start(second.stateDir);
    await expect.poll(() => [upOf(first), upOf(again)], soon).toEqual([1, 1]);
    const after = first.keeper.members.members[1];
    expect(after).toEqual({ ...before, peerId: again.network.peerId });
    expect(after?.peerId).not.toBe(before?.peerId);
    await again.stop();
    writeFileSync(keyFile, oldKey);
    const thief = await ground.start(second.stateDir);
    // Which of the two dials depends on their keys, so the thief is made to.
    const address = multiaddr(`${first.network.addresses[0]}/p2p/${first.network.peerId}`);
    await thief.network.node?.dial(address).catch(() => {});
    await expect.poll(() => first.network.counters()["unknown-peer"], soon).toBeGreaterThan(0);
    await expect.poll(() => upOf(first), soon).toBe(0);
  });

  it("is not rotated with a token that was made for anybody", async () => {
    await using ground = new FleetGround();
    const [first, second] = (await ground.grow(2)) as [RunningHost, RunningHost];
    await second.stop();
    const token = await ground.token(first.stateDir);
    await expect(rekeyHost(second.stateDir, { token, release: "0" })).rejects.toMatchObject(
      refused(/h2 in the fleet already/),
    );
    const again = await ground.start(second.stateDir);
    await expect.poll(() => upOf(again), soon).toBe(1);
  });

  it("is not rotated while its agent runs", async () => {
    await using ground = new FleetGround();
    const home = await ground.found("h1");
    const store = await openRecordStore(join(home.stateDir, "store"));
    const token = await ground.token(home.stateDir, { forHost: "h1" });
    await expect(rekeyHost(home.stateDir, { token, release: "0" })).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await store.close();
  });
});

describe("a token", () => {
  it("works once: of two hosts that knock with it at the same moment one comes in", async () => {
    await using ground = new FleetGround();
    const first = await startFounder(ground);
    const token = await ground.token(first.stateDir);
    const outcomes = await Promise.allSettled([ground.join(token, "n1"), ground.join(token, "n2")]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const loser = outcomes.find((outcome) => outcome.status === "rejected");
    expect(loser?.reason).toMatchObject(refused(/used already, by n\d: it works once/));
    await expect(ground.join(token, "n3")).rejects.toMatchObject(refused(/used already/));
    expect(first.keeper.members.members).toHaveLength(2);
    expect(first.network.counters()["join-refused"]).toBe(2);
  });

  it.each<[string, (ground: FleetGround, first: RunningHost) => Promise<string>, RegExp]>([
    ["that has expired, by the joiner's clock", (g, { stateDir }) => g.token(stateDir, { ttlMs: -1 }), /has expired/],
    [
      "that has expired, by the inviter's clock",
      async (g, { stateDir }) => {
        const kept = await g.token(stateDir);
        const token = parseToken(await g.token(stateDir, { ttlMs: -1 }));
        return formatToken({ ...token, expiresMs: parseToken(kept).expiresMs });
      },
      /has expired/,
    ],
    [
      "that was revoked",
      async (g, { stateDir }) => {
        const token = await g.token(stateDir);
        await revokeTokens(stateDir, { nowMs: Date.now() });
        await g.token(stateDir);
        return token;
      },
      /was revoked/,
    ],
    [
      "with another secret",
      async (g, { stateDir }) => formatToken({ ...parseToken(await g.token(stateDir)), secret: "x".repeat(43) }),
      /does not know the token/,
    ],
    [
      "of another fleet at this fleet's door",
      async (g, { stateDir }) => formatToken({ ...parseToken(await g.token(stateDir)), fleet: "red" }),
      /no door to fleet red/,
    ],
    [
      "whose fleet key is another",
      async (g, { stateDir }) => formatToken({ ...parseToken(await g.token(stateDir)), fleetKeyHash: "ab".repeat(32) }),
      /another key than the token says: the secret was not sent/,
    ],
    [
      "whose inviter is another",
      async (g, { stateDir }) =>
        formatToken({ ...parseToken(await g.token(stateDir)), inviter: (await createHostKey()).peerId }),
      /not the host that made the token/,
    ],
    ["for less than the host wants to be", (g, { stateDir }) => g.token(stateDir, { role: "observer" }), /as observer/],
  ])("%s is refused with its reason, and nothing is spent", async (_title, make, why) => {
    await using ground = new FleetGround();
    const first = await startFounder(ground);
    await expect(make(ground, first).then((token) => ground.join(token, "h2"))).rejects.toMatchObject(refused(why));
    expect(first.keeper.members.number).toBe(1);
    expect(readTokens(first.stateDir).filter(({ used }) => used !== undefined)).toEqual([]);
  });

  it("is not even tried by a host that belongs to a fleet already", async () => {
    await using ground = new FleetGround();
    const first = await startFounder(ground);
    const other = await ground.found("h1", "red");
    const token = await ground.token(first.stateDir);
    await expect(joinFleet(other.stateDir, { token, release: "0" })).rejects.toMatchObject({ code: "FLEET_EXISTS" });
  });
});

describe("the door", () => {
  it("is open only while tokens are", async () => {
    await using ground = new FleetGround();
    const first = await startFounder(ground);
    expect(first.keeper.doorAddresses).toEqual([]);
    await ground.token(first.stateDir);
    await expect.poll(() => first.keeper.doorAddresses, soon).toEqual(first.home.join.advertise);
    await revokeTokens(first.stateDir, { nowMs: Date.now() });
    await expect.poll(() => first.keeper.doorAddresses, soon).toEqual([]);
  });

  /** A stranger with a conversation open at the door. */
  async function knockAt(ground: FleetGround) {
    const first = await startFounder(ground);
    const token = parseToken(await ground.token(first.stateDir));
    await expect.poll(() => first.keeper.doorAddresses.length, soon).toBe(1);
    const stranger = await startBare(await createHostKey());
    const connection = await stranger.dial(multiaddr(`${token.addresses[0]}/p2p/${token.inviter}`));
    const frames = lpStream(await connection.newStream("/berth/blue/join/1"));
    await frames.read();
    return { first, token, stranger, frames };
  }

  it.each<[string, Uint8Array, "oversize" | "malformed"]>([
    ["more bytes than a knock may have", new Uint8Array(9_000).fill(32), "oversize"],
    ["what is no JSON", Buffer.from("hello"), "malformed"],
    ["a knock with a key too many", Buffer.from('{"t":"knock","evil":1}'), "malformed"],
  ])("counts a stranger who sends %s, and goes on", async (_title, bytes, counter) => {
    await using ground = new FleetGround();
    const { first, stranger, frames } = await knockAt(ground);
    await frames.write(bytes);
    await expect.poll(() => first.network.counters()[counter], soon).toBe(1);
    expect(first.peerLog.some(({ code, text }) => code === counter && text.includes("at the door"))).toBe(true);
    await stranger.stop();
    expect((await ground.join(await ground.token(first.stateDir), "h2")).self).toBe("h2");
  });

  it("waits no longer than it must for a stranger who says nothing", async () => {
    await using ground = new FleetGround();
    const { stateDir, fleet, members, founding } = await ground.found("h1");
    const told: string[] = [];
    const door = new JoinListener({
      ...{ stateDir, fleet, key: await loadHostKey(stateDir), listen: ["/ip4/127.0.0.1/tcp/0"], patienceMs: 300 },
      ...{ fleetKey: () => members.fleetKey, config: () => founding, onJoined: () => {} },
      report: (counter) => told.push(counter),
    });
    await door.start();
    const stranger = await startBare(await createHostKey());
    const connection = await stranger.dial(multiaddr(door.addresses[0]));
    const frames = lpStream(await connection.newStream("/berth/blue/join/1"));
    await frames.read();
    await expect.poll(() => told, soon).toEqual(["slow-reader"]);
    await expect.poll(() => connection.status, soon).not.toBe("open");
    await stranger.stop();
    await door.stop();
  });

  it("survives a crowd that connects and says nothing, and lets a host in after it", async () => {
    await using ground = new FleetGround();
    const first = await startFounder(ground);
    const token = await ground.token(first.stateDir);
    await expect.poll(() => first.keeper.doorAddresses.length, soon).toBe(1);
    const [, host = "", port = ""] = /ip4\/([\d.]+)\/tcp\/(\d+)/.exec(first.keeper.doorAddresses[0] ?? "") ?? [];
    const before = process.memoryUsage().rss;
    const sockets: Socket[] = Array.from({ length: 300 }, () => connect(Number(port), host).on("error", () => {}));
    await expect.poll(() => first.network.counters().refused, soon).toBeGreaterThan(200);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    for (const socket of sockets) socket.destroy();
    expect((await ground.join(token, "h2", { waitMs: 15_000 })).self).toBe("h2");
  });
});
