/** A fleet of real agents on this machine: founds it, starts it, does to it what it is told, and shows what comes of it. */
import { setTimeout as delay } from "node:timers/promises";
import { reasonOf } from "@berth/agent/agent-error";
import { CliError } from "../cli-error.ts";
import type { AgentWatch } from "./agent-watch.ts";
import { type ControlAnswer, type ControlRequest, ControlServer } from "./control.ts";
import { Guardian } from "./guardian.ts";
import { guestsOf } from "./guest-states.ts";
import { agentWatch, simulatedHost } from "./host-assembly.ts";
import { profileOf, writeHostFiles } from "./host-files.ts";
import { Recorder } from "./recorder.ts";
import type { Role, SimulatedHost } from "./simulated-host.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { takeFolder } from "./simulation-folder.ts";
import type { SimulationPlan } from "./simulation-plan.ts";
import type { SimulationStatus, StoryLine } from "./simulation-status.ts";
import { Story } from "./story.ts";

/** What a simulation is started with. */
export interface SimulationInit extends Omit<SimulationPlan, "runFolder"> {
  readonly onLine?: (line: StoryLine) => void;
}

/** How often the journals are looked at. */
const lookMs = 200;
/** A host that was reset is back after this long. */
const bootMs = 2_000;
/** How often each agent is asked: a lease counts down by itself in between. */
const askMs = 500;

interface Parts {
  readonly plan: SimulationPlan;
  readonly guardian: Guardian;
  readonly network: SimulatedNetwork;
  readonly hosts: readonly SimulatedHost[];
  readonly watches: ReadonlyMap<string, AgentWatch>;
  readonly recorder: Recorder;
  readonly story: Story;
}

/** One running simulation; {@link Simulation.up} makes it, {@link Simulation.down} ends it. */
export class Simulation {
  readonly #parts: Parts;
  readonly #control: ControlServer;
  readonly #timer: NodeJS.Timeout;
  readonly #ended = Promise.withResolvers<void>();
  #ending: Promise<void> | undefined;
  #nextAskMs = 0;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.#control = new ControlServer({ answer: (request) => this.answer(request) });
    this.#timer = setInterval(() => this.#look(), lookMs);
  }

  /** Starts everything. Resolves as soon as all processes are started; that they answer is another matter. */
  static async up(init: SimulationInit): Promise<Simulation> {
    const { onLine = () => {}, ...rest } = init;
    const { runFolder, controlSocket } = takeFolder(init.folder);
    const plan: SimulationPlan = { ...rest, runFolder };
    const story = new Story({ onLine });
    const guardian = new Guardian();
    guardian.watchFolder(runFolder);
    const network = await SimulatedNetwork.open(plan.hosts);
    await writeHostFiles(plan, network);
    const onWatchdog = (name: string) => void simulation?.resetByWatchdog(name);
    const hosts = plan.hosts.map((name) => simulatedHost(plan, name, { guardian, story, onWatchdog }));
    const watches = new Map(hosts.map((host) => [host.name, agentWatch(host, story)]));
    const simulation: Simulation = new Simulation({
      plan,
      guardian,
      network,
      hosts,
      watches,
      recorder: new Recorder(hosts),
      story,
    });
    try {
      for (const host of hosts) await host.powerOn();
      await simulation.#control.listen(controlSocket);
      return simulation;
    } catch (error) {
      await simulation.down();
      throw error;
    }
  }

  /** Resolves when it was ended, by whomever. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  status(): SimulationStatus {
    const { plan, hosts, network, watches, recorder, story } = this.#parts;
    this.#look();
    const words = [...watches.values()].flatMap(({ word }) => word ?? []);
    return {
      upMs: story.upMs,
      profile: profileOf(plan).name,
      folder: plan.folder,
      hosts: hosts.map((host) => {
        const said = host.powered ? watches.get(host.name)?.word : undefined;
        const { name, powered } = host;
        const processes = { agent: host.stateOf("agent"), deadMan: host.stateOf("dead-man") };
        return { name, powered, ...processes, ...(said === undefined ? {} : { said }) };
      }),
      guests: guestsOf(hosts, words),
      cuts: network.cuts,
      story: story.lines,
      overlap: recorder.overlap(),
    };
  }

  /** What a watchdog device does that was not fed in time: everything on the host is gone, and it boots. */
  async resetByWatchdog(name: string): Promise<void> {
    const host = this.#host(name);
    this.#parts.story.notice(name, "the watchdog device resets the host", "cause");
    await this.#loseEverything(host);
    await delay(bootMs);
    if (this.#ending !== undefined || host.powered) return;
    this.#parts.network.power(name, true);
    await host.powerOn();
  }

  /** Waits until the status is as wanted; looks every 50 ms. @throws CliError SIMULATION_FAILED with `what` after the time */
  async until(
    what: string,
    wanted: (status: SimulationStatus) => boolean,
    timeoutMs: number,
  ): Promise<SimulationStatus> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const status = this.status();
      if (wanted(status)) return status;
      if (this.#ending !== undefined) throw new CliError("SIMULATION_FAILED", "the simulation was ended");
      if (performance.now() >= end) {
        throw new CliError("SIMULATION_FAILED", `after ${timeoutMs / 1000} s it is still not so: ${what}`, {
          remedy: `The logs of the agents are in ${this.#parts.plan.folder}.`,
        });
      }
      await delay(50);
    }
  }

  /** Carries out one request. Never rejects: what goes wrong is an answer too. */
  async answer(request: ControlRequest): Promise<ControlAnswer> {
    try {
      return await this.#carryOut(request);
    } catch (error) {
      return { kind: "refused", why: reasonOf(error) };
    }
  }

  /** Ends every process and removes what lives in memory. */
  down(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    const { hosts, network, guardian } = this.#parts;
    clearInterval(this.#timer);
    await Promise.all(hosts.map((host) => host.stop()));
    await network.close();
    await guardian.close();
    await this.#control.close();
    this.#ended.resolve();
  }

  #look(): void {
    const { hosts, watches, recorder, story } = this.#parts;
    const powered = new Set(hosts.filter((host) => host.powered).map(({ name }) => name));
    for (const entry of recorder.take()) story.recorded(entry, powered.has(entry.host));
    if (performance.now() < this.#nextAskMs) return;
    this.#nextAskMs = performance.now() + askMs;
    for (const [name, watch] of watches) if (powered.has(name)) watch.ask();
  }

  async #carryOut(request: ControlRequest): Promise<ControlAnswer> {
    const stranger = this.#strangerIn(request);
    if (stranger !== undefined) {
      const known = this.#parts.plan.hosts;
      return { kind: "refused", why: `no host "${stranger}" in this simulation`, word: stranger, known };
    }
    switch (request.kind) {
      case "status":
        return { kind: "status", status: this.status() };
      case "partition":
      case "cut":
      case "heal":
        return this.#changeNetwork(request);
      case "kill":
        return this.#kill(this.#host(request.host), request.what);
      case "freeze":
        return this.#freeze(this.#host(request.host), request);
      case "thaw":
        return this.#thaw(this.#host(request.host));
      case "start":
        return this.#start(this.#host(request.host));
      case "down":
        // After the answer: its way back is one of the things that end.
        setImmediate(() => void this.down());
        return { kind: "done", did: "the simulation ends", look: "nothing of it stays behind" };
    }
  }

  #changeNetwork(request: Extract<ControlRequest, { kind: "partition" | "cut" | "heal" }>): ControlAnswer {
    const { network } = this.#parts;
    switch (request.kind) {
      case "partition": {
        network.partition(request.groups);
        const groups = request.groups.map((group) => group.join(",")).join(" | ");
        const look = "LEASE of the smaller side runs out and its guests pause; then the other side starts them";
        return this.#done(`partition ${groups}`, look);
      }
      case "cut": {
        const { from, to, oneWay } = request;
        network.cut({ from, to }, ...(oneWay ? [] : [{ from: to, to: from }]));
        return this.#done(
          oneWay ? `cut ${from} -x> ${to}` : `cut ${from} x ${to}`,
          "HEARS of the two; guests run on as long as each reaches a majority of the voters (*)",
        );
      }
      case "heal":
        network.heal();
        return this.#done("heal", "LEASE comes back, and each guest is resumed by its owner or goes down elsewhere");
    }
  }

  async #kill(host: SimulatedHost, what: "power" | Role): Promise<ControlAnswer> {
    if (!host.powered) return { kind: "refused", why: `${host.name} has no power already` };
    if (what !== "power") {
      this.#parts.story.command(`kill -9 of the ${what} on ${host.name}`);
      await host.crash(what);
      return this.#answer(
        `kill -9 of the ${what} on ${host.name}`,
        "its guests run on, unless the lease is over before the process is back",
      );
    }
    this.#parts.story.command(`power cut on ${host.name}`);
    await this.#loseEverything(host);
    return this.#answer(
      `${host.name} has lost its power: agent, dead-man and guests are gone`,
      `its guests come up elsewhere; \`berth sim start ${host.name}\` brings it back`,
    );
  }

  /** The network goes dark first: a host without power says no farewell. */
  async #loseEverything(host: SimulatedHost): Promise<void> {
    this.#parts.network.power(host.name, false);
    await host.powerCut();
    this.#parts.watches.get(host.name)?.forget();
  }

  #freeze(
    host: SimulatedHost,
    { all, forSeconds }: { readonly all: boolean; readonly forSeconds?: number },
  ): ControlAnswer {
    const roles: readonly Role[] = all ? ["agent", "dead-man"] : ["agent"];
    const frozen = roles.filter((role) => host.freeze(role));
    if (frozen.length === 0) return { kind: "refused", why: `nothing runs on ${host.name} that could be frozen` };
    if (forSeconds !== undefined) setTimeout(() => this.#thaw(host), forSeconds * 1000).unref();
    const how = forSeconds === undefined ? "" : ` for ${forSeconds} s`;
    return this.#done(`froze ${frozen.join(" and ")} of ${host.name}${how}`, this.#adviceOnFreeze(all));
  }

  #adviceOnFreeze(all: boolean): string {
    if (!all) return "its dead-man pauses its guests when the lease is over; then they come up elsewhere";
    if (this.#parts.plan.watchdog === true) return "the watchdog device resets it; then its guests come up elsewhere";
    return "without a watchdog device nobody stops its guests: the overlap is measured, and shown";
  }

  #thaw(host: SimulatedHost): ControlAnswer {
    for (const role of ["agent", "dead-man"] as const) host.thaw(role);
    return this.#done(`thawed ${host.name}`, "copies of guests that run elsewhere by now go down; its own are resumed");
  }

  async #start(host: SimulatedHost): Promise<ControlAnswer> {
    if (host.powered) return { kind: "refused", why: `${host.name} has power already` };
    this.#parts.story.command(`power on ${host.name}`);
    this.#parts.network.power(host.name, true);
    await host.powerOn();
    return this.#answer(`${host.name} boots`, "it gets a lease; guests stay where they run now");
  }

  #done(did: string, look: string): ControlAnswer {
    this.#parts.story.command(did);
    return this.#answer(did, look);
  }

  #answer(did: string, look: string): ControlAnswer {
    return { kind: "done", did, look };
  }

  #host(name: string): SimulatedHost {
    const found = this.#parts.hosts.find((host) => host.name === name);
    if (found === undefined) throw new CliError("NOT_FOUND", `no host "${name}" in this simulation`);
    return found;
  }

  #strangerIn(request: ControlRequest): string | undefined {
    return hostsIn(request).find((name) => !this.#parts.plan.hosts.includes(name));
  }
}

function hostsIn(request: ControlRequest): readonly string[] {
  if (request.kind === "partition") return request.groups.flat();
  if (request.kind === "cut") return [request.from, request.to];
  return "host" in request ? [request.host] : [];
}
