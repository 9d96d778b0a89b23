/**
 * Everything that the protocol really says passes the schema, byte for byte: three machines live through claims, a dead host and a
 * change of voters, and each message goes through the wire's codec on its way.
 */
import {
  applyRecord,
  type Configuration,
  createHost,
  type DurableRecord,
  type GuestObservation,
  type Host,
  type HostId,
  type Message,
  profiles,
  recordKey,
} from "@berth/claims";
import { describe, expect, it } from "vitest";
import { linkFrameSchema } from "../../src/peers/frame-schema.ts";
import { decodeFrame, encodeFrame } from "../../src/peers/wire-codec.ts";

interface Machine {
  readonly host: Host;
  readonly store: Map<string, DurableRecord>;
  readonly running: Map<string, GuestObservation>;
  isOff: boolean;
}

const names = ["h1", "h2", "h3", "h4"];
const guest = {
  guest: "web1",
  uuid: "6f1c2a5e-0000-4000-8000-000000000001",
  mode: "quorum",
  onIsolated: { kind: "pause" },
  wanted: "running",
  keep: "longest_running",
  placementKey: "any",
  classMatch: true,
  eligible: true,
  memoryKib: 1_024,
} as const;

/** A fleet without time of its own: `live` lets some pass, in steps of 20 ms. */
class TalkingFleet {
  readonly machines = new Map<HostId, Machine>();
  readonly said = new Map<Message["kind"], number>();
  #ms = 1_000;

  constructor() {
    const voters = names.slice(0, 3).map((host) => ({ voter: `disk-${host}`, host }));
    const config: Configuration = { number: 1, voters, profile: profiles.lan };
    for (const [index, name] of names.entries()) this.#start(name, index, config);
  }

  live(ms: number): void {
    for (const endMs = this.#ms + ms; this.#ms < endMs; this.#ms += 20) {
      for (const [name, machine] of this.machines) if (!machine.isOff) this.#turn(name, machine);
    }
  }

  machine(name: HostId): Machine {
    const machine = this.machines.get(name);
    if (machine === undefined) throw new RangeError(name);
    return machine;
  }

  get #now() {
    return { bootMs: this.#ms, monoMs: this.#ms };
  }

  #start(name: HostId, index: number, config: Configuration): void {
    const store = new Map<string, DurableRecord>();
    const disk: DurableRecord = { kind: "voter-disk", value: { voter: `disk-${name}` } };
    const founded: DurableRecord[] = index < 3 ? [disk, { kind: "voter-active", value: { cfg: 1 } }] : [disk];
    for (const record of founded) store.set(recordKey(record), record);
    const host = createHost({ host: name, fleet: "test", seed: index + 1, hypervisor: true });
    const nonce = `${name}-nonce-of-128-bits`;
    host.step({ kind: "start", durable: founded, bootId: "boot", config, nonce }, this.#now);
    host.step({ kind: "policy", guests: [guest] }, this.#now);
    host.step({ kind: "capacity", weight: 1, memoryFreeKib: 1e6, hypervisorUp: true }, this.#now);
    this.machines.set(name, { host, store, running: new Map(), isOff: false });
  }

  #turn(name: HostId, machine: Machine): void {
    const { host, running } = machine;
    if (this.#ms === 1_000)
      for (const peer of names) if (peer !== name) host.step({ kind: "peer-connected", host: peer }, this.#now);
    host.step({ kind: "dead-man-alive", watchdog: false }, this.#now);
    host.step({ kind: "observed", guests: [...running.values()] }, this.#now);
    host.step({ kind: "wake" }, this.#now);
    const ready = host.takeReady();
    for (const record of ready.persist) applyRecord(machine.store, record);
    for (const { to, message } of ready.send) this.#carry(name, to, message);
    for (const act of ready.act) {
      if (act.kind === "start-paused") running.set(act.guest, { ...guest, state: "paused", startedAtMs: this.#ms });
      if (act.kind === "resume") running.set(act.guest, { ...guest, state: "running", startedAtMs: this.#ms });
      if (act.kind === "destroy" || act.kind === "shutdown") running.delete(act.guest);
      host.step({ kind: "act-done", act, outcome: "done" }, this.#now);
    }
  }

  #carry(from: HostId, to: HostId | "*", message: Message): void {
    const decoded = decodeFrame(encodeFrame({ t: "message", m: message }), linkFrameSchema);
    expect(decoded, JSON.stringify(message)).toEqual({ kind: "ok", value: { t: "message", m: message } });
    this.said.set(message.kind, (this.said.get(message.kind) ?? 0) + 1);
    for (const [name, { host, isOff }] of this.machines) {
      if (!isOff && (to === "*" ? name !== from : name === to))
        host.step({ kind: "message", from, message }, this.#now);
    }
  }
}

function ownerOf(fleet: TalkingFleet): string | undefined {
  return [...fleet.machines].find(([, { running, isOff }]) => !isOff && running.get("web1")?.state === "running")?.[0];
}

describe("what the protocol says", () => {
  it("passes the schema, every kind of it", () => {
    const fleet = new TalkingFleet();
    fleet.live(12_000);
    const owner = ownerOf(fleet);
    expect(owner).toBeDefined();
    const other = names.find((name) => name !== owner) ?? "";
    fleet.machine(owner ?? "").isOff = true;
    fleet
      .machine(other)
      .host.step(
        { kind: "operator", command: { kind: "confirm-dead", host: owner ?? "", operator: "ada" } },
        { bootMs: 13_000, monoMs: 13_000 },
      );
    fleet.live(12_000);
    expect(ownerOf(fleet)).not.toBe(owner);
    const alive = names.filter((name) => !fleet.machine(name).isOff);
    const voters = alive.slice(0, 3).map((host) => ({ voter: `disk-${host}`, host }));
    fleet
      .machine(alive[0] ?? "")
      .host.step({ kind: "operator", command: { kind: "change-voters", voters } }, { bootMs: 25_000, monoMs: 25_000 });
    fleet.live(20_000);
    const requests = [
      "renew",
      "prepare",
      "fence",
      "accept",
      "propose-config",
      "seal",
      "snapshot",
      "install",
      "activate",
    ];
    const expected = [
      ...requests.flatMap((kind) => [kind, `${kind}-reply`]),
      ...["config-notice", "gossip-push", "gossip-digest", "gossip-summary"],
    ];
    expect([...fleet.said.keys()]).toEqual(expect.arrayContaining(expected));
  });
});
