/**
 * A whole fleet on one machine: private hosts on one bridge, each with its own libvirtd and real guests, agents and
 * dead-men as real processes, and a recorder beside them. Everything ends with the test's process.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { makeFleet } from "@berth/agent/fleet/make-fleet";
import { type Profile, profiles } from "@berth/claims";
import { between, type Cut, Fabric } from "./fabric.ts";
import { addressOf, FleetHost } from "./fleet-host.ts";
import { fleetConfig, fleetPolicy, type GuestPromise } from "./fleet-policy.ts";
import { nowMs, Recorder } from "./recorder.ts";
import { executingOn, presentOn, type RunRecord } from "./run-record.ts";

/** What a fleet is made of. */
export interface FleetInit {
  /** @default 3 */
  readonly hosts?: number;
  /** @default "fast" */
  readonly profile?: "fast" | "lan";
  readonly guests: readonly GuestPromise[];
  /** More lines for every host's configuration. @default none */
  readonly config?: readonly string[];
  /** Installs libvirt's hook. @default true */
  readonly hook?: boolean;
  /** Done to the hosts before they are powered on, such as setting classes. @default nothing */
  readonly prepare?: (hosts: readonly FleetHost[]) => void;
  /** Starts dead-men and agents; else only the hosts. @default true */
  readonly berth?: boolean;
}

const prefix = "berth-fleet-";

/** A running fleet. `await using` takes it down. */
export class Fleet {
  readonly folder: string;
  readonly fabric: Fabric;
  readonly recorder: Recorder;
  readonly profile: Profile;
  readonly hosts: readonly FleetHost[];
  #guests: readonly GuestPromise[];

  private constructor(parts: Pick<Fleet, "folder" | "fabric" | "recorder" | "profile" | "hosts">, init: FleetInit) {
    this.folder = parts.folder;
    this.fabric = parts.fabric;
    this.recorder = parts.recorder;
    this.profile = parts.profile;
    this.hosts = parts.hosts;
    this.#guests = init.guests;
  }

  static async start(init: FleetInit): Promise<Fleet> {
    removeLeftFolders();
    const folder = mkdtempSync(join(tmpdir(), prefix));
    const names = Array.from({ length: init.hosts ?? 3 }, (_, index) => `h${index + 1}`);
    const guests = init.guests.map(({ name }) => name);
    const [fabric, recorder] = await Promise.all([
      Fabric.start(),
      Recorder.start({ folder: join(folder, "ticks"), hosts: names, guests }),
    ]);
    const hosts = names.map((name, index) => {
      mkdirSync(join(folder, name));
      return new FleetHost({ fabric, recorder, folder, name, number: index + 1, hostUuid: randomUUID() });
    });
    const profile = profiles[init.profile ?? "fast"];
    const fleet = new Fleet({ folder, fabric, recorder, profile, hosts }, init);
    try {
      await fleet.#found(init);
    } catch (cause) {
      await fleet.stop();
      throw cause;
    }
    return fleet;
  }

  async #found(init: FleetInit): Promise<void> {
    const plans = this.hosts.map(({ name, stateDir }, index) => {
      return { stateDir, host: name, listen: [`/ip4/${addressOf(index + 1)}/tcp/7946`] };
    });
    await makeFleet(plans, { fleet: "e2e", profile: this.profile });
    for (const host of this.hosts) {
      host.writePolicy(fleetPolicy(this.#guests));
      host.writeConfig(fleetConfig(init.config ?? []));
      host.setHook(init.hook ?? true);
    }
    init.prepare?.(this.hosts);
    await Promise.all(this.hosts.map((host) => host.powerOn()));
    if (init.berth ?? true) await this.startBerth();
  }

  /** Starts every dead-man and then every agent. */
  async startBerth(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.start("dead-man")));
    await Promise.all(this.hosts.map((host) => host.start("agent")));
  }

  host(name: string): FleetHost {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`no host ${name}`);
    return found;
  }

  /** What the policy promises now. */
  get promises(): readonly GuestPromise[] {
    return this.#guests;
  }

  get guests(): readonly string[] {
    return this.#guests.map(({ name }) => name);
  }

  /** Puts another policy on every host; agents notice the file, or on SIGHUP. */
  setPolicy(guests: readonly GuestPromise[]): void {
    this.#guests = guests;
    for (const host of this.hosts) host.writePolicy(fleetPolicy(guests));
    this.reload();
  }

  /** Lets every agent look at its policy now. */
  reload(): void {
    for (const host of this.hosts) if (host.isUp) host.reload();
  }

  /** No frame passes between the two sides, in either direction. Adds to what is cut. */
  async partition(one: readonly string[], other: readonly string[]): Promise<number> {
    return this.cut(between(one, other));
  }

  /** Adds these cuts. @returns the moment from which on they hold */
  async cut(cuts: readonly Cut[]): Promise<number> {
    await this.fabric.cut([...this.fabric.cuts, ...cuts]);
    return nowMs();
  }

  /** @returns the moment from which on every frame passes */
  async heal(): Promise<number> {
    await this.fabric.cut([]);
    return nowMs();
  }

  /** Waits until `holds` is true of what was recorded since `sinceMs`. @throws Error after `withinMs`, with `what` and the logs' ends */
  async until(
    what: string,
    holds: (record: RunRecord) => boolean | Promise<boolean>,
    { withinMs, sinceMs = 0 }: { readonly withinMs: number; readonly sinceMs?: number },
  ): Promise<RunRecord> {
    const endMs = nowMs() + withinMs;
    for (;;) {
      const record = await this.recorder.look(sinceMs);
      if (await holds(record)) return record;
      if (nowMs() > endMs) throw new Error(`not within ${withinMs} ms: ${what}\n${this.describe(record)}`);
      await delay(25);
    }
  }

  /** Waits until every one of these guests executes on exactly one host, has a process there only, and has so for `steadyMs`. */
  async settled(
    guests: readonly string[],
    { withinMs, steadyMs = 500, on }: { withinMs: number; steadyMs?: number; on?: readonly string[] },
  ): Promise<RunRecord> {
    let sinceMs = Number.POSITIVE_INFINITY;
    return this.until(
      `${guests.join(", ")} on exactly one host${on === undefined ? "" : ` of ${on.join(", ")}`}`,
      (record) => {
        const one = guests.every((guest) => {
          const [host, ...others] = executingOn(record, guest);
          const present = presentOn(record, guest);
          return host !== undefined && others.length === 0 && present.length === 1 && (on ?? [host]).includes(host);
        });
        sinceMs = one ? Math.min(sinceMs, record.nowMs) : Number.POSITIVE_INFINITY;
        return record.nowMs - sinceMs >= steadyMs;
      },
      { withinMs },
    );
  }

  /** Waits until these guests are settled, and every agent on a host that is up hears the others and holds a lease from them. */
  async calm(guests: readonly string[], withinMs = 120_000): Promise<void> {
    const endMs = nowMs() + withinMs;
    const up = this.hosts.filter(({ isUp }) => isUp);
    const ready = async () =>
      (await Promise.all(up.map((host) => host.isReady(up.map(({ name }) => name))))).every((is) => is);
    await this.until("every agent hears all others and holds a lease", ready, { withinMs });
    await this.settled(guests, { withinMs: endMs - nowMs() });
  }

  /** Incarnation of every host that is up: a host that was fenced or has booted begins another one. */
  async incarnations(): Promise<ReadonlyMap<string, number>> {
    const up = this.hosts.filter(({ isUp }) => isUp);
    return new Map(await Promise.all(up.map(async (host) => [host.name, (await host.snapshot()).claims.inc] as const)));
  }

  /** Waits until the recorder's clock has passed `forMs` from now; for faults that last a certain time. */
  async pass(forMs: number): Promise<void> {
    const endMs = nowMs() + forMs;
    while (nowMs() < endMs) await delay(Math.min(100, Math.max(1, endMs - nowMs())));
  }

  /** The one host that executes the guest; waits for it. */
  async ownerOf(guest: string): Promise<FleetHost> {
    const record = await this.settled([guest], { withinMs: 120_000, steadyMs: 0 });
    return this.host(executingOn(record, guest)[0] ?? "");
  }

  /** Where everything is, for messages of failures. */
  describe(record: RunRecord): string {
    const places = this.guests.map(
      (guest) => `${guest}: executes on [${executingOn(record, guest)}], present on [${presentOn(record, guest)}]`,
    );
    const cuts = this.fabric.cuts.map(({ from, to }) => `${from}>${to}`);
    return [...places, `cuts: ${cuts.join(" ") || "none"}`, `logs: ${this.folder}`].join("\n");
  }

  async stop(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.stop()));
    await Promise.all([this.fabric.close(), this.recorder.close()]);
    if (process.env.BERTH_KEEP_LOGS === undefined) rmSync(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** No test lasts this long, ms. */
const leftAfterMs = 24 * 3_600_000;

/**
 * A test that was killed took its processes along, but not its files. Whether it still runs cannot be told by a pid: it may
 * live in another pid namespace that shares this folder.
 */
function removeLeftFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const path = join(tmpdir(), name);
    const status = statSync(path, { throwIfNoEntry: false });
    if (status !== undefined && Date.now() - status.mtimeMs > leftAfterMs)
      rmSync(path, { recursive: true, force: true });
  }
}
