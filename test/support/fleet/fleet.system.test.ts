/** What the end-to-end tests rest on: that the recorder sees what guests do, and that cuts and power cuts are such. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { Fleet } from "./fleet.ts";
import { uuidOf } from "./fleet-policy.ts";
import { eventLateness, executingOn, overlapMs, overlapsOf, presentOn, quantile } from "./run-record.ts";
import { tickingGuestXml } from "./ticking-guest.ts";

const xml = tickingGuestXml({ name: "g1", uuid: uuidOf("g1") });
const soon = { withinMs: 30_000 };

describe("a fleet of private hosts without Berth", () => {
  it("is recorded: what executes where, pauses, two copies at once, and the end by a power cut", async () => {
    await using fleet = await Fleet.start({ hosts: 2, guests: [{ name: "g1" }], berth: false, hook: false });
    const [h1, h2] = [fleet.host("h1"), fleet.host("h2")];
    await h1.createByHand(xml);
    await fleet.until("g1 executes on h1", (r) => executingOn(r, "g1").join() === "h1", soon);
    for (let round = 0; round < 3; round += 1) {
      await h1.libvirtd.virsh("suspend", "g1");
      await fleet.until("g1 pauses", (r) => executingOn(r, "g1").length === 0 && presentOn(r, "g1").length === 1, soon);
      await h1.libvirtd.virsh("resume", "g1");
      await fleet.until("g1 executes again", (r) => executingOn(r, "g1").length === 1, soon);
    }
    const alone = await fleet.recorder.look();
    const late = Object.entries(eventLateness(alone)).map(([event, ms]) => {
      return `${event} ${quantile(ms, 0.5).toFixed(1)} ms p50, ${(ms.at(-1) ?? 0).toFixed(1)} max`;
    });
    console.log(
      `libvirt's events after the guest's own signs: ${late.join("; ")}; recorder ${alone.lagMaxMs.toFixed(0)} ms late`,
    );
    expect(eventLateness(alone).suspended).toHaveLength(3);
    expect(overlapMs(alone.spans)).toBe(0);

    await h2.createByHand(xml);
    await fleet.until("g1 executes twice", (r) => overlapMs(r.spans) >= 300, soon);
    const cutMs = await h1.powerCut();
    const record = await fleet.until("g1 on h2 only", (r) => presentOn(r, "g1").join() === "h2", soon);
    expect(overlapsOf(record.spans)).toMatchObject([{ guest: "g1", hosts: ["h1", "h2"] }]);
    // The guest that was cut off gave no sign after the power was gone.
    expect(overlapMs(record.spans, cutMs + 100)).toBe(0);
  });

  it("can be cut apart in both directions, in one, and made whole; a host that boots is reached again", async () => {
    await using fleet = await Fleet.start({ hosts: 2, guests: [{ name: "g1" }], berth: false, hook: false });
    const [h1, h2] = [fleet.host("h1"), fleet.host("h2")];
    // No ping: its file's capabilities may be more than a sandbox has. A refused connection has been there and back too.
    const knock = `const door = require("node:net").connect({ host: "${h2.address}", port: 9 });
      door.setTimeout(1000, () => process.exit(1));
      door.on("connect", () => process.exit(0));
      door.on("error", ({ code }) => process.exit(code === "ECONNREFUSED" ? 0 : 1));`;
    const reaches = async () => {
      const answer = await h1.libvirtd.run(process.execPath, "-e", knock).catch(() => undefined);
      return answer !== undefined;
    };
    expect(await reaches()).toBe(true);
    await fleet.partition(["h1"], ["h2"]);
    expect(await reaches()).toBe(false);
    await fleet.heal();
    expect(await reaches()).toBe(true);
    await fleet.cut([{ from: "h2", to: "h1" }]);
    expect(await reaches()).toBe(false);
    await fleet.heal();
    const bootId = () => h2.libvirtd.run("cat", "/proc/sys/kernel/random/boot_id").then(({ stdout }) => stdout);
    const before = await bootId();
    await h2.powerCut();
    expect(await reaches()).toBe(false);
    await h2.powerOn();
    await vi.waitFor(async () => expect(await reaches()).toBe(true), { timeout: 30_000 });
    expect(await bootId()).not.toBe(before);
  });

  it("ends with its test, recorder, bridge, hosts and guests, even when that is killed with SIGKILL", async () => {
    const source = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    const program = `
      const { Fleet } = await import(${source("./fleet.ts")});
      const fleet = await Fleet.start({ hosts: 2, guests: [{ name: "g1" }], berth: false, hook: false });
      await fleet.host("h1").createByHand(${JSON.stringify(xml)});
      console.log("up");`;
    const victim = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(victim.stdout, "data");
    const family = await familyOf(victim.pid ?? 0);
    // The bridge's process, the recorder, and for each of two hosts unshare, tini, cat and libvirtd.
    expect(family.length).toBeGreaterThanOrEqual(8);
    victim.kill("SIGKILL");
    const alive = async () => (await Promise.all(family.map(isThere))).filter((there) => there).length;
    await vi.waitFor(async () => expect(await alive()).toBe(0), { timeout: 30_000 });
  });
});

/** A process named by its pid and start, and everything below it; namespaces included by way of their first process. */
async function familyOf(root: number): Promise<readonly string[]> {
  const all = await Promise.all((await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(statOf));
  const found = new Set([String(root)]);
  const namespaces = new Set<string>();
  const own = await readlink("/proc/self/ns/pid");
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const stat of all) {
      if (stat === undefined || (!found.has(stat.parent) && !namespaces.has(stat.namespace))) continue;
      found.add(stat.pid);
      if (stat.namespace !== own && stat.namespace !== "") namespaces.add(stat.namespace);
    }
  }
  return [...found].flatMap((pid) => {
    const stat = all.find((candidate) => candidate?.pid === pid);
    return stat === undefined || pid === String(root) ? [] : [`${stat.pid}/${stat.start}`];
  });
}

async function statOf(pid: string) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const namespace = await readlink(`/proc/${pid}/ns/pid`).catch(() => "");
  return { pid, parent: fields[1] ?? "", start: fields[19] ?? "", namespace };
}

async function isThere(name: string): Promise<boolean> {
  const [pid = "", start] = name.split("/");
  return (await statOf(pid))?.start === start;
}
