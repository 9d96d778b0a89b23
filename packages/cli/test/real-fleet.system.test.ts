/** The commands on a fleet of real agents: what they say is what is, while a host is emptied, killed and cut off. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { GuestItem, StatusItem } from "@berth/agent/api/answers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Run, run } from "./terminal-double.ts";

const launcher = fileURLToPath(new URL("../bin/berth.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "berth-real-"));
const dir = join(folder, "fleet");
/** For what takes seconds on an idle machine. */
const patience = { timeout: 40_000, interval: 250 };

function sim(...argv: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [launcher, "sim", ...argv, "--dir", dir], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
}

/** One command line on a host of the fleet. */
function berth(host: string, line: string): Promise<Run> {
  return run([...line.split(" "), "--config", join(dir, host, "config.yaml")]);
}

async function statusOn(host: string): Promise<StatusItem> {
  return JSON.parse((await berth(host, "status -o json")).stdout).items[0];
}

async function guestsOn(host: string): Promise<readonly GuestItem[]> {
  return JSON.parse((await berth(host, "get guests -o json")).stdout).items;
}

/** Each guest with its state and host, as a host tells it. */
async function placesOn(host: string): Promise<Record<string, string>> {
  return Object.fromEntries((await guestsOn(host)).map((guest) => [guest.name, `${guest.state} ${guest.host}`]));
}

beforeAll(() => sim("up", "-n", "3", "--guests", "3", "--profile", "fast", "--detach"), 60_000);
afterAll(() => {
  spawnSync(process.execPath, [launcher, "sim", "down", "--dir", dir]);
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

describe("a real fleet", () => {
  it("is told alike by every host", async () => {
    await vi.waitFor(async () => {
      const [first, ...others] = await Promise.all(["h1", "h2", "h3"].map(placesOn));
      expect(Object.values(first ?? {}).every((place) => place.startsWith("running h"))).toBe(true);
      for (const other of others) expect(other).toEqual(first);
    }, patience);
    const status = await statusOn("h2");
    expect(status).toMatchObject({
      fleet: "simulation",
      host: "h2",
      peers: { up: 2, total: 2 },
      unheard: [],
      not_kept: [],
    });
    expect(status.lease).toMatchObject({ held: true, voters_needed: 2, voters_total: 3 });
    expect(status.guests).toMatchObject({ by_state: { running: 3 }, duplicates: [], not_running: [] });
  });

  it("hands a guest over to the host that was named, and explains where it is", async () => {
    const [guest] = await guestsOn("h1");
    const from = guest?.host ?? "";
    const to = from === "h3" ? "h1" : "h3";
    expect(await berth(from, `release ${guest?.name} --to ${to} --wait --timeout 30s`)).toMatchObject({ exitCode: 0 });
    await vi.waitFor(async () => {
      const { stdout } = await berth(from, `explain ${guest?.name}`);
      expect(stdout).toContain(`${guest?.name} does not run on ${from}: ${to} owns it`);
      expect(stdout).toContain(`It runs on ${to}.`);
    }, patience);
    expect((await berth(to, `explain ${guest?.name}`)).stdout).toMatch(
      new RegExp(`^${guest?.name} runs on ${to}\\.\\n`),
    );
    expect((await berth(from, `events ${guest?.name}`)).stdout).toContain("RELEASED");
  });

  it("empties a host that is drained, and says so there and elsewhere", async () => {
    expect(await berth("h3", "drain --wait --timeout 30s")).toMatchObject({ exitCode: 0 });
    expect((await guestsOn("h3")).filter(({ here }) => here?.owned === true)).toEqual([]);
    await vi.waitFor(async () => {
      expect((await berth("h1", "get hosts h3")).stdout).toContain("up (draining)");
      expect(Object.values(await placesOn("h1")).filter((place) => !/^running h[12]$/.test(place))).toEqual([]);
    }, patience);
    expect((await berth("h3", "undrain")).exitCode).toBe(0);
    expect((await statusOn("h3")).draining).toBe(false);
  });

  it("refuses to call a host dead that answers, and takes over from one that lost its power", async () => {
    expect((await berth("h1", "confirm-dead h2 --i-have-fenced h2 --operator ann")).exitCode).toBe(6);
    sim("kill", "h2");
    await vi.waitFor(async () => {
      const hosts = await berth("h1", "get hosts h2");
      expect(hosts.stdout).toMatch(/unknown \(h2 unheard \d+s\)/);
    }, patience);
    await vi.waitFor(async () => {
      expect(Object.values(await placesOn("h1")).filter((place) => !/^running h[13]$/.test(place))).toEqual([]);
    }, patience);
    expect((await berth("h1", "peers h2 --no-headers")).stdout).toMatch(/^h2 +voter +unheard/);
    sim("start", "h2");
    await vi.waitFor(async () => expect((await statusOn("h1")).peers.up).toBe(2), patience);
  });

  it("shows a host that was cut off its own paused guests, and everybody else's as unknown", async () => {
    const victim = (await guestsOn("h1"))[0]?.host ?? "h1";
    const rest = ["h1", "h2", "h3"].filter((host) => host !== victim);
    sim("partition", `${victim}|${rest.join(",")}`);
    await vi.waitFor(async () => {
      const status = await statusOn(victim);
      expect(status.lease.held).toBe(false);
      expect(status.unheard.map(({ host }) => host)).toEqual(rest);
      expect(status.guests.by_state.running).toBeUndefined();
      expect(status.guests.by_state.paused).toBeGreaterThan(0);
    }, patience);
    expect((await berth(victim, "status")).stdout).toContain("\nNo lease\n");
    sim("heal");
    await vi.waitFor(async () => expect((await statusOn(victim)).guests.by_state).toEqual({ running: 3 }), patience);
  });
});
