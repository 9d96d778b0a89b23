import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { DeadManFeed, Now } from "@berth/claims";
import { afterAll, describe, expect, it } from "vitest";
import { boundedLog } from "../src/dead-man/bounded-log.ts";
import { deadManPaths, openDeadManLink } from "../src/dead-man/file-link.ts";
import { lookAtGuests } from "../src/dead-man/guest-look.ts";
import { guestProcess, isAlive, killProcess, processAt } from "../src/dead-man/guest-process.ts";
import { replaceTmpfsFile } from "../src/dead-man/tmpfs-file.ts";
import { WatchdogDevice, watchdogTimeoutMs } from "../src/dead-man/watchdog-device.ts";
import type { DeadManHeartbeat } from "../src/ports/dead-man-link.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-dead-man-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let runs = 0;
function newRun(): string {
  runs += 1;
  return join(folder, `run${runs}`);
}

const feed: DeadManFeed = {
  bootId: "boot1",
  deadline: { bootMs: 5_000.5, monoMs: 4_000.25 },
  killMs: 500,
  stopMs: 1_000,
  pollMs: 100,
  guests: [{ guest: "wéb", uuid: "u", resumeInFlight: true, onIsolated: { kind: "pause-then-down", afterMs: 9 } }],
};

function at(ms: number, sleptMs = 0): Now {
  return { bootMs: ms + sleptMs, monoMs: ms };
}

function beat(more: Partial<DeadManHeartbeat>): DeadManHeartbeat {
  const base = { pid: 7, poll: 1, bootId: "boot1", at: at(1_000), expired: false, libvirtUp: true } as const;
  return { ...base, watchdog: "absent", degraded: [], ...more };
}

describe("the feed", () => {
  it("is read as it was written, in the boot in which it was written", () => {
    const runDir = newRun();
    const link = openDeadManLink(runDir, "boot1");
    expect(link.readFeed()).toBeUndefined();
    link.writeFeed(feed);
    expect(link.readFeed()).toEqual(feed);
    expect(openDeadManLink(runDir, "boot2").readFeed()).toBeUndefined();
  });

  it("is nothing, not something else, where one byte of it is changed or the rest is missing", () => {
    const runDir = newRun();
    const link = openDeadManLink(runDir, "boot1");
    link.writeFeed(feed);
    const file = deadManPaths(runDir).feed;
    const whole = readFileSync(file);
    for (let i = 0; i < whole.length - 1; i += 5) {
      const changed = Buffer.from(whole);
      changed[i] = (changed[i] ?? 0) ^ 1;
      writeFileSync(file, changed);
      expect(link.readFeed(), `byte ${i}`).toBeUndefined();
      writeFileSync(file, whole.subarray(0, i));
      expect(link.readFeed(), `cut at ${i}`).toBeUndefined();
    }
  });

  it("says where and what to do when it cannot be written", () => {
    const runDir = newRun();
    const link = openDeadManLink(runDir, "boot1");
    rmSync(runDir, { recursive: true });
    expect(() => link.writeFeed(feed)).toThrow(expect.objectContaining({ code: "DEAD_MAN_FEED_FAILED" }));
    expect(() => link.writeFeed(feed)).toThrow(deadManPaths(runDir).feed);
  });
});

describe("the dead-man's sign of life", () => {
  it.each<[string, DeadManHeartbeat, Now, string]>([
    ["alive at a recent poll", beat({}), at(1_090), "alive"],
    ["silent when its last poll is old", beat({}), at(3_100), "silent"],
    ["absent when it is of another boot", beat({ bootId: "boot0" }), at(1_090), "absent"],
    ["alive after both have slept through a suspend", beat({ at: at(1_000, 60_000) }), at(1_090, 60_000), "alive"],
    ["silent when the machine slept since", beat({}), at(1_090, 60_000), "silent"],
    ["of other clocks when its reading is in our future", beat({ at: at(9_000) }), at(1_090), "other-clocks"],
    ["of other clocks when it counts a sleep that we do not", beat({ at: at(900, 150) }), at(1_090), "other-clocks"],
  ])("is %s", (_case, heartbeat, now, kind) => {
    const runDir = newRun();
    const link = openDeadManLink(runDir, "boot1");
    expect(link.sign(() => now)).toEqual({ kind: "absent" });
    replaceTmpfsFile(deadManPaths(runDir).heartbeat, heartbeat);
    expect(link.sign(() => now).kind).toBe(kind);
  });

  it("counts once for each poll, and again when the dead-man was restarted", () => {
    const runDir = newRun();
    const link = openDeadManLink(runDir, "boot1");
    const kinds = [beat({}), beat({}), beat({ poll: 2 }), beat({ pid: 8, poll: 1 })].map((heartbeat) => {
      replaceTmpfsFile(deadManPaths(runDir).heartbeat, heartbeat);
      return link.sign(() => at(1_010)).kind;
    });
    expect(kinds).toEqual(["alive", "silent", "alive", "alive"]);
  });
});

describe("a process", () => {
  it("is the same only with the same start time", () => {
    const own = processAt(process.pid);
    if (own === undefined) throw new Error("this process is not found");
    expect(isAlive(own)).toBe(true);
    const recycled = { ...own, startTicks: own.startTicks - 1 };
    expect(isAlive(recycled)).toBe(false);
    expect(killProcess(recycled)).toBe("gone");
  });

  it("is not a guest's because a pid file that was left behind says so", () => {
    const pidDirectory = newRun();
    openDeadManLink(pidDirectory, "boot1");
    writeFileSync(join(pidDirectory, "web1.pid"), `${process.pid}\n`);
    expect(guestProcess({ guest: "web1", uuid: "" }, { pidDirectory })).toBeUndefined();
    expect(lookAtGuests([{ guest: "web1", uuid: "" }], [], { pidDirectory })).toEqual([
      { guest: "web1", state: "off" },
    ]);
  });

  it("is looked for on the whole machine when libvirt does not answer, and only then is a guest without one off", () => {
    const own = processAt(process.pid);
    if (own === undefined) throw new Error("this process is not found");
    const guests = [
      { guest: "web1", uuid: "", process: own },
      { guest: "no-such-guest", uuid: "" },
    ];
    const [web1, missing] = lookAtGuests(guests, undefined);
    expect(web1).toEqual({ guest: "web1", state: "unknown", process: own });
    expect(missing).toEqual({ guest: "no-such-guest", state: "off" });
  });

  it("that libvirt calls paused is paused, by UUID where it is known", () => {
    const domains = [{ name: "web1", uuid: "u1", state: "paused" }] as const;
    const look = (uuid: string) => lookAtGuests([{ guest: "web1", uuid }], domains)[0]?.state;
    expect([look(""), look("u1"), look("u2")]).toEqual(["paused", "paused", "off"]);
  });
});

describe("the log of the dead-man", () => {
  it("keeps what a slow reader has not read up to a limit, and says afterwards how much it left out", () => {
    const taken: string[] = [];
    let proceed = () => {};
    const slow = new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        taken.push(chunk);
        proceed = done;
      },
    });
    const log = boundedLog(slow);
    for (let i = 0; i < 600; i += 1) log("x".repeat(999));
    expect(slow.writableLength).toBeLessThan(300_000);
    while (slow.writableLength > 0) proceed();
    log("last");
    while (slow.writableLength > 0) proceed();
    expect(taken.at(-2)).toMatch(/^warning LOG_DROPPED \d+ lines/);
    expect(taken.at(-1)).toBe("last\n");
  });
});

describe("the watchdog device", () => {
  it("is written to at each feed, no more once it starves, and gets its letter when it is disarmed", () => {
    const path = join(folder, "watchdog");
    writeFileSync(path, "");
    const device = new WatchdogDevice({ path });
    expect(device.state).toBe("failed");
    device.feed(0);
    device.feed(100);
    expect([device.state, readFileSync(path, "utf8")]).toEqual(["fed", "11"]);
    device.starve();
    expect([device.state, readFileSync(path, "utf8")]).toEqual(["stopped", "11"]);
    device.feed(200);
    expect(device.state).toBe("fed");
    device.disarm();
    expect(readFileSync(path, "utf8")).toBe("111V");
  });

  it("says why it cannot be fed, and is tried again a second later", () => {
    const path = join(folder, "late-watchdog");
    const device = new WatchdogDevice({ path });
    device.feed(0);
    expect(device.reason).toContain(path);
    writeFileSync(path, "");
    device.feed(500);
    expect(device.state).toBe("failed");
    device.feed(1_000);
    expect([device.state, device.reason]).toEqual(["fed", ""]);
    device.disarm();
  });

  it("is absent where none is configured, and never made", () => {
    const device = new WatchdogDevice({ path: undefined });
    device.feed(0);
    device.starve();
    device.disarm();
    expect([device.state, device.reason]).toEqual(["absent", ""]);
  });

  it("tells the time that the kernel has set for it", () => {
    const sysfs = newRun();
    openDeadManLink(join(sysfs, "watchdog0"), "boot1");
    writeFileSync(join(sysfs, "watchdog0", "timeout"), "5\n");
    expect(watchdogTimeoutMs("/dev/watchdog", sysfs)).toBe(5_000);
    expect(watchdogTimeoutMs("/dev/watchdog1", sysfs)).toBeUndefined();
  });
});
