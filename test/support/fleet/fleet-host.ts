/** One host of a fleet: its disk, its libvirtd, its agent and its dead-man, and what can happen to each of them. */
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { agentClient } from "@berth/agent/api/client";
import type { AgentSnapshot } from "@berth/agent/daemon/running-agent";
import { type PrivateLibvirtd, startLibvirtd } from "../libvirtd.ts";
import type { Fabric } from "./fabric.ts";
import { HostProcess } from "./host-process.ts";
import type { Recorder } from "./recorder.ts";
import { nowMs } from "./recorder.ts";
import { ticksFolder } from "./ticking-guest.ts";

/** The command as people start it. */
export const launcher = fileURLToPath(new URL("../../../packages/cli/bin/berth.js", import.meta.url));
const checkout = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** The two daemons of Berth on a host. */
export type Daemon = "agent" | "dead-man";

/** What a host works with. */
export interface FleetHostParts {
  readonly fabric: Fabric;
  readonly recorder: Recorder;
  /** Folder of the fleet; the host's disk is `<folder>/<name>/disk`. */
  readonly folder: string;
  readonly name: string;
  /** From 1; the last number of the address. */
  readonly number: number;
  readonly hostUuid: string;
}

/** One host, up or down. */
export class FleetHost {
  readonly #parts: FleetHostParts;
  readonly #daemons = new Map<Daemon, HostProcess>();
  #libvirtd: PrivateLibvirtd | undefined;

  constructor(parts: FleetHostParts) {
    this.#parts = parts;
    mkdirSync(this.disk("/etc/libvirt/hooks"), { recursive: true });
    mkdirSync(this.disk("/etc/berth/policy"), { recursive: true });
    mkdirSync(this.stateDir, { recursive: true, mode: 0o700 });
  }

  get name(): string {
    return this.#parts.name;
  }

  get address(): string {
    return addressOf(this.#parts.number);
  }

  get stateDir(): string {
    return this.disk("/var/lib/berth");
  }

  get isUp(): boolean {
    return this.#libvirtd !== undefined;
  }

  /** The private host while it is up. */
  get libvirtd(): PrivateLibvirtd {
    if (this.#libvirtd === undefined) throw new Error(`${this.name} is down`);
    return this.#libvirtd;
  }

  /** The agent's socket, as it is reached from outside. */
  get socketPath(): string {
    return this.libvirtd.outsidePath("/run/berth/agent.sock");
  }

  /** What the agent says of itself and its fleet. @throws AgentError AGENT_UNREACHABLE */
  snapshot(): Promise<AgentSnapshot> {
    return agentClient({ socketPath: this.socketPath, deadlineMs: 3_000 }).snapshot();
  }

  /** Whether the agent holds a lease from the voters on these hosts and hears each of them, and its own vote counts. */
  async isReady(hosts: readonly string[]): Promise<boolean> {
    const snapshot = await this.snapshot().catch(() => undefined);
    if (snapshot === undefined) return false;
    const { config, leaseRemainingMs, votersHeard, voter } = snapshot.claims;
    const heard = snapshot.peers.filter(({ state }) => state === "up").map(({ member }) => member.hostId);
    const hearsAll = hosts.every((name) => name === this.name || heard.includes(name));
    const voters = config.voters.filter(({ host }) => hosts.includes(host));
    return hearsAll && (voter?.quarantineMs ?? 0) <= 0 && leaseRemainingMs > 0 && votersHeard >= voters.length;
  }

  /** A path on the host's disk, as it is reached from outside, also while the host is down. */
  disk(path: string): string {
    return join(this.#parts.folder, this.name, "disk", path);
  }

  /** Everything but Berth: kernel, network, libvirtd. */
  async powerOn(): Promise<void> {
    const { fabric, recorder, folder, name, number, hostUuid } = this.#parts;
    const libvirtd = await startLibvirtd({ hostname: name, hostUuid, keep: this.disk("") });
    this.#libvirtd = libvirtd;
    symlinkSync(join(folder, "ticks", name), libvirtd.outsidePath(ticksFolder));
    const mac = `02:00:0a:4d:00:${number.toString(16).padStart(2, "0")}`;
    await fabric.connect(name, libvirtd.pid, this.address, mac);
    await recorder.watch(name, libvirtd.qemuUri());
  }

  /** As a host boots: libvirtd, dead-man, agent. */
  async boot(): Promise<void> {
    await this.powerOn();
    await this.start("dead-man");
    await this.start("agent");
  }

  /** The cable first, so that no dying process says farewell; then everything at once. @returns the moment of the cut */
  async powerCut(): Promise<number> {
    const { libvirtd } = this;
    await this.#parts.fabric.disconnect(this.name);
    const atMs = nowMs();
    process.kill(libvirtd.pid, "SIGKILL");
    this.#libvirtd = undefined;
    this.#forgetDaemons();
    await this.#parts.recorder.unwatch(this.name);
    await libvirtd.stop();
    return atMs;
  }

  async start(daemon: Daemon): Promise<void> {
    const started = await HostProcess.start(this.libvirtd, this.#logFile(daemon), [launcher, daemon]);
    this.#daemons.set(daemon, started);
  }

  daemon(daemon: Daemon): HostProcess {
    const found = this.#daemons.get(daemon);
    if (found === undefined) throw new Error(`${this.name} has no ${daemon}`);
    return found;
  }

  /** Lets the agent look at its policy and its classes now. One that is still starting will read them in any case. */
  reload(): void {
    const agent = this.#daemons.get("agent");
    if (agent?.log().includes("AGENT_STARTED") === true) agent.signal("SIGHUP");
  }

  /** Everything that the host's dead-men ever said; they say when they had to kill. */
  deadManLog(): string {
    return readFileSync(this.#logFile("dead-man"), "utf8");
  }

  /** Ends in order and starts anew, as an update of the package does. */
  async restart(daemon: Daemon): Promise<void> {
    this.daemon(daemon).signal("SIGTERM");
    await this.daemon(daemon).ended;
    await this.start(daemon);
  }

  /** SIGSTOP or SIGCONT to the guest's hypervisor process. */
  async signalGuest(guest: string, name: "STOP" | "CONT" | "KILL"): Promise<void> {
    await this.libvirtd.run("sh", "-c", `kill -${name} $(cat /run/libvirt/qemu/${guest}.pid)`);
  }

  /** Puts a guest's definition onto a running host, as a person who copies it there does, and starts it by hand. */
  async createByHand(xml: string): Promise<void> {
    writeFileSync(this.libvirtd.outsidePath("/run/by-hand.xml"), xml);
    await this.libvirtd.virsh("create", "/run/by-hand.xml");
  }

  /** What is set by `fileexists` in the fleet's policies; the agent takes notice at its next look at the policy. */
  setClass(name: string, on: boolean): void {
    const file = this.disk(`/etc/berth/class-${name}`);
    if (on) writeFileSync(file, "");
    else rmSync(file, { force: true });
  }

  writePolicy(text: string): void {
    writeFileSync(this.disk("/etc/berth/policy/promises.cf"), text, { mode: 0o600 });
  }

  writeConfig(text: string): void {
    writeFileSync(this.disk("/etc/berth/config.yaml"), text, { mode: 0o600 });
  }

  /** The hook as the set-up installs it. libvirtd looks for it when it starts: on a running host it takes a restart of libvirtd. */
  setHook(on: boolean): void {
    const file = this.disk("/etc/libvirt/hooks/qemu");
    rmSync(file, { force: true });
    if (!on) return;
    writeFileSync(file, readFileSync(join(checkout, "deploy/libvirt-hook.sh"), "utf8").replaceAll("@BERTH@", checkout));
    chmodSync(file, 0o755);
  }

  /** Only while the host is down: the disk on which its vote was is lost. */
  wipeVoter(): void {
    rmSync(join(this.stateDir, "store"), { recursive: true });
  }

  async stop(): Promise<void> {
    this.#forgetDaemons();
    await this.#libvirtd?.stop();
    this.#libvirtd = undefined;
  }

  #logFile(daemon: Daemon): string {
    return join(this.#parts.folder, this.name, `${daemon}.log`);
  }

  #forgetDaemons(): void {
    for (const daemon of this.#daemons.values()) daemon.forget();
    this.#daemons.clear();
  }
}

/** Address of the host with this number on the fleet's network. */
export function addressOf(number: number): string {
  return `10.77.0.${number}`;
}
