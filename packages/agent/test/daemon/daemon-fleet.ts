import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Profile, profiles } from "@berth/claims";
import type { Step } from "@berth/planner";
import { expect } from "vitest";
import { ownLoopback } from "../../../../test/support/loopback.ts";
import { EmbeddedHypervisor } from "../../src/adapters/embedded/embedded-hypervisor.ts";
import { StateStore } from "../../src/adapters/embedded/state-store.ts";
import { type AgentConfig, defaultAgentConfig } from "../../src/config/agent-config.ts";
import { type BerthConfig, defaultConfig } from "../../src/config/berth-config.ts";
import type { LogLines } from "../../src/daemon/log-lines.ts";
import type { AgentSnapshot, RunningAgent } from "../../src/daemon/running-agent.ts";
import { type AgentInit, startAgent } from "../../src/daemon/start-agent.ts";
import { DefinitionStore, type KeptDefinition } from "../../src/definitions/definition-store.ts";
import { makeFleet } from "../../src/fleet/make-fleet.ts";
import type { FleetHome } from "../../src/fleet/member-document.ts";
import { fleetPolicy, type GuestLine } from "../fleet-policy.ts";
import { DeadManDouble } from "./dead-man-double.ts";

/** One host of a daemon fleet. */
export interface DaemonHost {
  readonly host: string;
  readonly home: FleetHome;
  readonly config: BerthConfig;
  readonly agentConfig: AgentConfig;
  readonly deadMan: DeadManDouble;
  readonly lines: string[];
  agent: RunningAgent | undefined;
}

/** A step without its reason: what a person would do. */
export type HandStep =
  | { readonly kind: "define-domain"; readonly domain: string; readonly xml: string }
  | { readonly kind: "start-domain"; readonly domain: string; readonly paused: boolean; readonly discardSave: boolean }
  | { readonly kind: "resume-domain" | "suspend-domain" | "destroy-domain"; readonly domain: string };

/** How a fleet differs from the ordinary one of three hosts. */
export interface DaemonFleetInit {
  readonly hosts?: number;
  /** Hosts that have no hypervisor. */
  readonly witnesses?: readonly string[];
  readonly profile?: Profile;
  readonly guests: readonly GuestLine[];
  /** In place of a policy that promises the guests. */
  readonly policy?: string;
  readonly config?: (host: string) => Partial<BerthConfig>;
  readonly agent?: (host: string) => Partial<AgentConfig>;
  readonly start?: (host: string) => Partial<AgentInit>;
}

/**
 * Agents in this process, each with its own folders, real libp2p on loopback, a real store and an embedded hypervisor. A
 * class of the host's own name holds on each. The dead-man is a double that beats and never kills.
 */
export class DaemonFleet {
  readonly hosts: DaemonHost[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "berth-daemon-"));
  readonly #init: DaemonFleetInit;
  readonly #watches: NodeJS.Timeout[] = [];

  private constructor(init: DaemonFleetInit) {
    this.#init = init;
  }

  static async start(init: DaemonFleetInit): Promise<DaemonFleet> {
    const fleet = new DaemonFleet(init);
    try {
      await fleet.#found();
      await Promise.all(fleet.hosts.map(({ host }) => fleet.startAgent(host)));
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
    return fleet;
  }

  host(name: string): DaemonHost {
    const host = this.hosts.find((each) => each.host === name);
    if (host === undefined) throw new RangeError(`there is no host ${name}`);
    return host;
  }

  agent(name: string): RunningAgent {
    const { agent } = this.host(name);
    if (agent === undefined) throw new RangeError(`no agent runs on ${name}`);
    return agent;
  }

  snapshot(name: string): AgentSnapshot {
    return this.agent(name).snapshot();
  }

  async startAgent(name: string): Promise<RunningAgent> {
    const host = this.host(name);
    const { config, agentConfig: agent, home, lines } = host;
    const log = linesInto(lines);
    host.agent = await startAgent({ config, agent, home, log, ...this.#init.start?.(name) });
    host.agent.ended.catch(() => {});
    return host.agent;
  }

  /** Ends the agent as a crash would, as far as others can tell: nothing is given up. */
  async stopAgent(name: string): Promise<void> {
    const host = this.host(name);
    await host.agent?.stop();
    host.agent = undefined;
  }

  /** Ends the agent and, as a power cut does, everything that ran on the host. */
  async cutPower(name: string): Promise<void> {
    await this.stopAgent(name);
    this.host(name).deadMan.stop();
    await this.hypervisor(name).store.change((state) => {
      for (const [guest, domain] of state.domains) {
        const { active: _, ...rest } = domain;
        state.domains.set(guest, { ...rest, state: "shutoff" });
      }
    });
  }

  hypervisor(name: string): { readonly store: StateStore; readonly hypervisor: EmbeddedHypervisor } {
    const store = new StateStore(join(this.host(name).config.stateDir, "embedded.json"));
    return { store, hypervisor: new EmbeddedHypervisor({ store }) };
  }

  /** Hosts on which the guest executes now, by what their hypervisors say. */
  async runningOn(guest: string): Promise<string[]> {
    const found = await Promise.all(
      this.hosts.map(async ({ host }) => {
        const { domains } = await this.hypervisor(host).hypervisor.observe();
        return domains.some(({ name, state }) => name === guest && state === "running") ? [host] : [];
      }),
    );
    return found.flat();
  }

  async stateOn(host: string, guest: string): Promise<string | undefined> {
    const { domains } = await this.hypervisor(host).hypervisor.observe();
    return domains.find(({ name }) => name === guest)?.state;
  }

  /** Something done by hand, behind the agent's back. */
  async perform(host: string, step: HandStep): Promise<void> {
    await this.hypervisor(host).hypervisor.perform({ reason: "by hand", tag: "live", ...step } as Step);
  }

  async define(host: string, name: string, uuid: string, size: { readonly memoryMib: number }): Promise<void> {
    const xml = `<domain type='kvm'><name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>${size.memoryMib}</memory>
      <vcpu>1</vcpu><os><type>hvm</type></os></domain>`;
    await this.perform(host, { kind: "define-domain", domain: name, xml });
  }

  async definitionOf(host: string, guest: string): Promise<string> {
    const { texts } = await this.hypervisor(host).hypervisor.domainXml([guest], "inactive");
    return texts.get(guest) ?? "";
  }

  /** The definition that has travelled to a host, as it lies on its disk. */
  definition(host: string, guest: string): KeptDefinition | undefined {
    return new DefinitionStore({ stateDir: this.host(host).config.stateDir }).get(guest);
  }

  /** Looks at a guest over and over; the function gives every state other than running that was seen. */
  async watch(host: string, guest: string): Promise<() => readonly string[]> {
    const seen: string[] = [];
    const { hypervisor } = this.hypervisor(host);
    this.#watches.push(
      setInterval(async () => {
        const { domains } = await hypervisor.observe();
        const state = domains.find(({ name }) => name === guest)?.state ?? "absent";
        if (state !== "running") seen.push(state);
      }, 5),
    );
    return () => seen;
  }

  /** Waits until each guest runs on exactly one host; tells where. */
  async settled(guests: readonly string[], timeout = 20_000): Promise<ReadonlyMap<string, string>> {
    const places = new Map<string, string>();
    const look = async () => {
      for (const guest of guests) {
        const on = await this.runningOn(guest);
        if (on.length !== 1) return `${guest} runs on [${on.join(", ")}]`;
        places.set(guest, on[0] ?? "");
      }
      return "settled";
    };
    await this.until(() => look(), "settled", timeout);
    return places;
  }

  /** Waits until `look` gives what is expected; a failure shows every host's log and view. */
  async until<Value>(look: () => Value | Promise<Value>, expected: Value, timeout = 20_000): Promise<void> {
    try {
      await expect.poll(look, { timeout, interval: 50 }).toEqual(expected);
    } catch (error) {
      for (const { host, lines, agent } of this.hosts) {
        console.error(`--- ${host}\n${lines.slice(-40).join("\n")}`);
        if (agent === undefined) continue;
        const { claims, hypervisorProblem, policy, degraded } = agent.snapshot();
        console.error(
          JSON.stringify({ claims, hypervisorProblem, diagnostics: policy.diagnostics, degraded }, null, 1),
        );
      }
      throw error;
    }
  }

  /** Replaces the policy of every host, or of one. */
  writePolicy(text: string, only?: string): void {
    for (const { host, config } of this.hosts)
      if (only === undefined || only === host) writeFileSync(config.policyPath, text);
  }

  readPolicy(name: string): string {
    return readFileSync(this.host(name).config.policyPath, "utf8");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watch of this.#watches) clearInterval(watch);
    await Promise.all(this.hosts.map(({ agent }) => agent?.stop()));
    for (const { deadMan } of this.hosts) deadMan.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #found(): Promise<void> {
    const names = Array.from({ length: this.#init.hosts ?? 3 }, (_, index) => `h${index + 1}`);
    const folderOf = (host: string) => join(this.#folder, host);
    const homes = await makeFleet(
      names.map((host) => ({
        ...{ stateDir: folderOf(host), host, listen: [`/ip4/${ownLoopback()}/tcp/7946`] },
        hypervisor: this.#init.witnesses?.includes(host) !== true,
      })),
      { profile: this.#init.profile ?? profiles.fast },
    );
    for (const home of homes) {
      const { self: host } = home;
      const runDir = join(folderOf(host), "run");
      mkdirSync(runDir, { mode: 0o700 });
      const policyPath = join(folderOf(host), "promises.cf");
      writeFileSync(policyPath, this.#init.policy ?? fleetPolicy(this.#init.guests));
      const config = { ...defaultConfig, embedded: true, stateDir: folderOf(host), classes: [host], policyPath };
      const deadMan = new DeadManDouble(runDir);
      deadMan.start();
      this.hosts.push({
        ...{ host, home, deadMan, lines: [], agent: undefined },
        config: { ...config, ...this.#init.config?.(host) },
        agentConfig: { ...defaultAgentConfig(runDir), ...this.#init.agent?.(host) },
      });
    }
  }
}

function linesInto(lines: string[]): LogLines {
  const at = (level: string) => (code: string, text: string) => void lines.push(`${level} ${code} ${text}`);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
