import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { profiles } from "@berth/claims";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readPromisedGuests, writePromisedGuests } from "../../src/daemon/promised-guests-file.ts";
import { DefinitionStore } from "../../src/definitions/definition-store.ts";
import { foundFleet, openFleetHome, saveMembers } from "../../src/fleet/fleet-home.ts";
import { loadFleetKey } from "../../src/fleet/fleet-key.ts";
import { leaveFleet } from "../../src/fleet/leave-fleet.ts";
import { makeFleet } from "../../src/fleet/make-fleet.ts";
import { signMembers } from "../../src/fleet/member-signing.ts";
import { loadHostKey } from "../../src/peers/host-key.ts";
import { openRecordStore } from "../../src/store/open-record-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-fleet-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const listen = ["/ip4/127.0.0.1/tcp/7946"];

async function recordsOf(stateDir: string) {
  const store = await openRecordStore(join(stateDir, "store"));
  const found = { diskId: store.diskId, records: store.load() };
  await store.close();
  return found;
}

describe("founding a fleet", () => {
  it("makes a host that has the fleet key, the only vote, and its own name on the signed list", async () => {
    const home = await foundFleet(folder, { fleet: "blue", host: "h1", listen, profile: profiles.fast });
    const { diskId, records } = await recordsOf(folder);
    const { peerId } = await loadHostKey(folder);
    expect(home).toMatchObject({
      fleet: "blue",
      self: "h1",
      hypervisor: true,
      listen,
      join: { listen: ["/ip4/127.0.0.1/tcp/7947"], advertise: ["/ip4/127.0.0.1/tcp/7947"] },
      founding: { number: 1, voters: [{ voter: diskId, host: "h1" }], profile: { name: "fast" } },
    });
    const member = { hostId: "h1", peerId, addresses: listen, role: "voter", disk: diskId, hypervisor: true };
    expect(home.members).toMatchObject({ number: 1, members: [member] });
    expect(records).toEqual(
      expect.arrayContaining([
        { kind: "voter-disk", value: { voter: diskId } },
        { kind: "voter-active", value: { cfg: 1 } },
      ]),
    );
    expect(openFleetHome(folder)).toEqual(home);
    expect(statSync(join(folder, "fleet.key")).mode & 0o777).toBe(0o600);
  });

  it("is refused a second time", async () => {
    await foundFleet(folder, { host: "h1", listen });
    const refused = { code: "FLEET_EXISTS", remedy: expect.stringContaining("leave") };
    await expect(foundFleet(folder, { host: "h1", listen })).rejects.toMatchObject(refused);
  });

  it.each([
    [{ host: "a b" }, /no name for a host/],
    [{ host: "h1", fleet: "x/y" }, /no name for a fleet/],
    [{ host: "h1", listen: ["127.0.0.1:7946"] }, /not an address/],
    [{ host: "h1", listen: ["/ip4/127.0.0.1"] }, /TCP port/],
  ])("is refused for %j, and leaves nothing behind that would make it a member", async (init, message) => {
    await expect(foundFleet(folder, { listen, ...init })).rejects.toThrow(message);
    expect(() => openFleetHome(folder)).toThrow(expect.objectContaining({ code: "FLEET_ABSENT" }));
  });
});

describe("a member list on the disk", () => {
  it("is refused when somebody changed it, and so is a damaged fleet file", async () => {
    await foundFleet(folder, { host: "h1", listen });
    const path = join(folder, "members.json");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace('"voter"', '"member"'));
    expect(() => openFleetHome(folder)).toThrow(/signature is not the fleet key's/);
    writeFileSync(path, text);
    writeFileSync(join(folder, "fleet.json"), "{");
    expect(() => openFleetHome(folder)).toThrow(expect.objectContaining({ code: "FLEET_INVALID" }));
  });

  it("gives way to a newer one only", async () => {
    const { members } = await foundFleet(folder, { host: "h1", listen });
    const key = loadFleetKey(folder);
    if (key === undefined) throw new RangeError("the founder has the fleet key");
    const { signature: _, ...body } = members;
    const newer = signMembers({ ...body, number: 2 }, key);
    saveMembers(folder, newer);
    expect(openFleetHome(folder).members).toEqual(newer);
    expect(() => saveMembers(folder, members)).toThrow(/old, or was replayed/);
    expect(() => saveMembers(folder, newer)).toThrow(expect.objectContaining({ code: "FLEET_INVALID" }));
  });
});

describe("a fleet made at once", () => {
  it("has the recommended voters, active on their disks, and one list that all hold", async () => {
    const hosts = [1, 2, 3, 4].map((n) => ({ stateDir: join(folder, `h${n}`), host: `h${n}`, listen }));
    const homes = await makeFleet(hosts, { profile: profiles.fast });
    expect(homes.map(({ self }) => self)).toEqual(["h1", "h2", "h3", "h4"]);
    const [first] = homes;
    for (const home of homes) {
      expect(home.members).toEqual(first?.members);
      expect(home.founding.voters.map(({ host }) => host)).toEqual(["h1", "h2", "h3"]);
      const { diskId, records } = await recordsOf(home.stateDir);
      expect(records.some(({ kind }) => kind === "voter-disk")).toBe(true);
      expect(records.some(({ kind }) => kind === "voter-active")).toBe(home.self !== "h4");
      expect(home.members.members.find(({ hostId }) => hostId === home.self)?.disk).toBe(diskId);
    }
  });
});

describe("leaving a fleet", () => {
  it("takes along what only held there: the names that the hook refuses, and definitions with epochs of that fleet", async () => {
    await foundFleet(folder, { host: "h1", listen });
    writePromisedGuests(folder, ["web1"]);
    const definition = { guest: "web1", uuid: "u", epoch: 57, xml: "<domain/>", applied: false };
    await new DefinitionStore({ stateDir: folder }).offer(definition, false);
    const left = await leaveFleet(folder, 0);
    expect(readPromisedGuests(folder)).toEqual({ kind: "absent" });
    expect(new DefinitionStore({ stateDir: folder }).get("web1")).toBeUndefined();
    expect(readPromisedGuests(left)).toEqual({ kind: "known", guests: ["web1"] });
    expect(new DefinitionStore({ stateDir: left }).get("web1")).toEqual(definition);
  });
});
