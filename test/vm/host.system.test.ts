/**
 * A host as docs/deploy.md makes it: a whole Debian machine with its own kernel, systemd, libvirt and watchdog device. It is emulated
 * and takes minutes, so it runs only when asked: `npm run vm`.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Lab } from "./lab.ts";
import type { Machine } from "./machine.ts";

const asked = process.env.BERTH_VM === "yes";
const guests = ["web1", "web2"];
/** More than any profile allows, which the status says: an emulated processor needs ten seconds to start the dead-man anew. */
const watchdogSeconds = 60;
const patient = { timeout: 180_000, interval: 500 };
const minutes = (count: number) => count * 60_000;

let lab: Lab | undefined;
let host: Machine;

beforeAll(async () => {
  if (!asked) return;
  lab = new Lab({ guests });
  host = await lab.machine("h1", { watchdog: true });
}, minutes(20));

afterAll(() => lab?.close(), 30_000);

beforeEach((context) => {
  if (!asked) context.skip("a whole machine takes minutes: npm run vm");
});

const show = async (unit: string, property: string) =>
  (await host.must(`systemctl show -P ${property} ${unit}`)).trim();

/** Waits until every guest shows that it executes, from now on. */
async function executing(): Promise<void> {
  const since = performance.now();
  const late = () => guests.filter((guest) => (host.ticks.get(guest)?.at(-1) ?? 0) <= since);
  await vi
    .waitFor(() => expect(late()).toEqual([]), patient)
    .catch(async (error: unknown) => {
      throw new Error((await host.run("berth status; journalctl -n 60 --no-pager -u 'berth-*'")).out, { cause: error });
    });
}

describe("a Debian host", () => {
  it(
    "is set up by the script while systemd and libvirt run, and a second run changes nothing",
    async () => {
      await host.must("cp /opt/berth/vm/ticking.rom /var/lib/libvirt/images/");
      await host.must(`echo 'options i6300esb heartbeat=${watchdogSeconds}' > /etc/modprobe.d/berth-watchdog.conf`);
      await host.must("rmmod i6300esb && modprobe i6300esb");
      const first = await host.must("/opt/berth/deploy/set-up.sh", minutes(5));
      expect(first).toContain("berth fleet init");
      expect(await host.must("/opt/berth/deploy/set-up.sh", minutes(5))).not.toMatch(/^(wrote|made|linked)|[Ff]ailed/m);
      expect(await show("berth-agent", "ActiveState")).toBe("inactive");
    },
    minutes(12),
  );

  it(
    "founds a fleet and runs its guests, with a fed watchdog device that the status names",
    async () => {
      await host.must("cp /opt/berth/vm/promises.cf /etc/berth/policy/promises.cf");
      await host.must("printf 'watchdog: /dev/watchdog\\nshutdown_timeout: 1\\n' > /etc/berth/conf.d/test.yaml");
      await host.must("berth fleet init --profile wan", minutes(5));
      await executing();
      const status = await host.must("berth status");
      expect(status).toContain("watchdog fed");
      expect(status).toContain(`the watchdog device waits ${watchdogSeconds}000 ms`);
    },
    minutes(10),
  );

  it(
    "starts a killed agent and a killed dead-man again, and the guests run on",
    async () => {
      for (const unit of ["berth-agent", "berth-dead-man"]) {
        const before = await show(unit, "MainPID");
        await host.must(`systemctl kill -s KILL ${unit}`);
        const again = async () => {
          expect(await show(unit, "ActiveState")).toBe("active");
          expect(await show(unit, "MainPID")).not.toBe(before);
        };
        await vi.waitFor(again, patient);
      }
      await executing();
    },
    minutes(8),
  );

  it(
    "hands its guests over or switches them off when it is shut down, and runs them again after the boot",
    async () => {
      const before = host.events.length;
      const atMs = performance.now();
      await host.run("systemctl --no-block reboot");
      await vi.waitFor(() => expect(host.events.slice(before).map(({ event }) => event)).toContain("RESET"), {
        ...patient,
        timeout: minutes(4),
      });
      console.log(`shutdown took ${((performance.now() - atMs) / 1000).toFixed(0)} s`);
      // The device did not cut it short.
      expect(host.events.slice(before).map(({ event }) => event)).not.toContain("WATCHDOG");
      await host.booted();
      await executing();
      const started = await Promise.all(
        ["berth-dead-man", "libvirtd"].map(async (unit) => Number(await show(unit, "ActiveEnterTimestampMonotonic"))),
      );
      expect(started[0]).toBeLessThan(started[1] ?? 0);
      const status = await host.must("berth status -o json");
      expect(status).toMatch(/^ {6}"draining": false/m);
      // Its module was not there yet when the dead-man's unit started.
      expect(status).toContain('"watchdog": "fed"');
    },
    minutes(12),
  );

  it("ends a dead-man that is stopped beside the agent, and the next one pauses the guests", async () => {
    await host.must(`kill -STOP ${await show("berth-agent", "MainPID")} ${await show("berth-dead-man", "MainPID")}`);
    await vi.waitFor(async () => expect(await show("berth-dead-man", "NRestarts")).not.toBe("0"), patient);
    const passed = "journalctl -b -q --no-pager -u berth-dead-man --since -2min | grep 'DEADLINE_PASSED.* 2 protected'";
    await vi.waitFor(async () => expect((await host.run(passed)).status).toBe(0), patient);
    await executing();
  }, 480_000);

  it("is reset by its watchdog device when systemd does not look after its services", async () => {
    await host.must("systemctl service-watchdogs off");
    const before = host.events.length;
    const atMs = performance.now();
    await host.must(`kill -STOP ${await show("berth-agent", "MainPID")} ${await show("berth-dead-man", "MainPID")}`);
    await vi.waitFor(() => expect(host.events.slice(before).map(({ event }) => event)).toContain("WATCHDOG"), patient);
    const event = host.events.slice(before).find((one) => one.event === "WATCHDOG");
    console.log(`reset ${(((event?.atMs ?? 0) - atMs) / 1000).toFixed(1)} s after the two were stopped`);
    await host.booted();
    await executing();
  }, 720_000);
});
