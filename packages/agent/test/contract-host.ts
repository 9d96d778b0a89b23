/** The host that a suite brings to the contract of hypervisors, and that host with its adapter opened. */
import type { Step } from "@berth/planner";
import { AgentError } from "../src/agent-error.ts";
import type { Hypervisor } from "../src/ports/hypervisor.ts";

/** States of a guest from which each step is tried. */
export const startStates = ["absent", "off", "running", "paused", "transient", "managed save", "crashed"] as const;
/** One of {@link startStates}. */
export type StartState = (typeof startStates)[number];

/** A host under test, with the means to bring a guest into a state that no step leads to. */
export interface ContractHost {
  open(): Promise<Hypervisor>;
  guestXml(name: string, init?: { uuid?: string; vcpus?: number; vcpusMaximum?: number; deaf?: boolean }): string;
  networkXml(name: string): string;
  /** Brings an absent guest into a state by other means than the adapter. */
  arrangeTransient(name: string): Promise<void>;
  arrangeManagedSave(name: string): Promise<void>;
  arrangeCrashed(name: string): Promise<void>;
  arrangeTransientNetwork(name: string): Promise<void>;
  /** Undefining an active network: libvirt's network driver lets it run on, its test driver refuses. */
  readonly undefineOfActiveNetwork: "active transient" | "OPERATION_INVALID";
  /** Folder for new disks. */
  readonly volumeFolder: string;
  close(): Promise<void>;
}

/** A step without the words for people. */
export type StepInit = DistributiveOmit<Step, "reason" | "tag">;

/** A step with the words for people filled in. */
export function stepOf(step: StepInit): Step {
  return { reason: "contract", tag: "live", ...step } as Step;
}
/** Omits from each member of a union. */
type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

/** States of a network from which each step is tried. */
export const networkStates = ["absent", "inactive", "active", "transient"] as const;
/** One of {@link networkStates}. */
export type NetworkState = (typeof networkStates)[number];

/** What the suites of the contract work on: one host, one adapter, opened once for all of them. */
export class ContractGround {
  #host: ContractHost | undefined;
  #hypervisor: Hypervisor | undefined;

  async open(startHost: () => Promise<ContractHost>): Promise<void> {
    this.#host = await startHost();
    this.#hypervisor = await this.#host.open();
  }

  async close(): Promise<void> {
    await this.#hypervisor?.close();
    await this.#host?.close();
  }

  get host(): ContractHost {
    if (this.#host === undefined) throw new Error("the host was not started");
    return this.#host;
  }

  get hypervisor(): Hypervisor {
    if (this.#hypervisor === undefined) throw new Error("the host was not started");
    return this.#hypervisor;
  }

  async perform(step: StepInit): Promise<void> {
    await this.hypervisor.perform(stepOf(step));
  }

  async domainNamed(name: string) {
    return (await this.hypervisor.observe()).domains.find((domain) => domain.name === name);
  }

  async networkInWords(name: string): Promise<string> {
    const network = (await this.hypervisor.observe()).networks.find((candidate) => candidate.name === name);
    if (network === undefined) return "absent";
    return `${network.active ? "active" : "inactive"}${network.persistent ? "" : " transient"}`;
  }

  /** Brings an absent guest into a state. */
  async arrange(name: string, state: StartState): Promise<void> {
    const { host } = this;
    if (state === "absent") return;
    if (state === "transient") return host.arrangeTransient(name);
    await this.perform({ kind: "define-domain", domain: name, xml: host.guestXml(name, { vcpusMaximum: 2 }) });
    if (state === "off") return;
    await this.perform({ kind: "start-domain", domain: name, paused: state === "paused", discardSave: false });
    if (state === "managed save") await host.arrangeManagedSave(name);
    if (state === "crashed") await host.arrangeCrashed(name);
  }

  /** Brings an absent network into a state. */
  async arrangeNetwork(name: string, state: NetworkState): Promise<void> {
    if (state === "absent") return;
    if (state === "transient") return this.host.arrangeTransientNetwork(name);
    await this.perform({ kind: "define-network", network: name, xml: this.host.networkXml(name) });
    if (state === "active") await this.perform({ kind: "start-network", network: name });
  }

  /** What the step leads to: the state after it, or the code of the refusal. */
  async outcomeOf(step: StepInit, look: () => Promise<string>): Promise<string> {
    try {
      await this.perform(step);
    } catch (error) {
      if (error instanceof AgentError) return error.code;
      throw error;
    }
    return look();
  }

  /** Takes a guest away, whatever it does. */
  async remove(name: string): Promise<void> {
    await this.perform({ kind: "destroy-domain", domain: name });
    await this.perform({ kind: "undefine-domain", domain: name });
  }
}
