/**
 * A tiny libvirt: enough of its rules to carry out a plan and to look at the result. It is strict where libvirt is: it
 * starts nothing that is active and resumes nothing that is not paused. And it fills in what libvirt fills in, so that a
 * planner which compares too much never comes to rest.
 */
import {
  attributeOf,
  childNamed,
  childrenNamed,
  descend,
  domainSize,
  newElement,
  parseXml,
  sizeKib,
  textOf,
  withAttribute,
  withChild,
  withText,
  writeXml,
  type XmlElement,
} from "@berth/domain-xml";
import type { DomainState, Observation } from "@berth/model";
import type { FetchedXml, NeededXml, Step } from "@berth/planner";

/** A domain of the model. */
export interface ModelDomain {
  uuid: string;
  state: DomainState;
  /** What the next start uses; absent for a transient domain. */
  inactive: XmlElement | undefined;
  /** What runs; absent for one that is off. */
  active: XmlElement | undefined;
  autostart: boolean;
  managedSave: boolean;
  /** Whether the guest gives memory and processors back when it is asked. */
  cooperative: boolean;
}

export interface ModelNetwork {
  uuid: string;
  inactive: XmlElement | undefined;
  active: XmlElement | undefined;
  autostart: boolean;
}

export class LibvirtModel {
  readonly domains = new Map<string, ModelDomain>();
  readonly networks = new Map<string, ModelNetwork>();
  readonly volumes = new Set<string>();
  #serial = 0;

  /** What the bulk calls say. Sizes are left at 0: not every driver reports them. */
  observe(): Observation {
    return {
      domains: [...this.domains].map(([name, domain]) => ({
        name,
        uuid: domain.uuid,
        state: domain.state,
        persistent: domain.inactive !== undefined,
        autostart: domain.autostart,
        managedSave: domain.managedSave,
        vcpus: { current: 0, maximum: 0 },
        memoryKib: { current: 0, maximum: 0 },
      })),
      networks: [...this.networks].map(([name, network]) => ({
        name,
        uuid: network.uuid,
        active: network.active !== undefined,
        persistent: network.inactive !== undefined,
        autostart: network.autostart,
      })),
    };
  }

  /** Exactly what was asked for, and nothing more: what the planner forgot to ask for is missing. */
  fetch(needed: NeededXml): FetchedXml {
    const texts = (things: ReadonlyMap<string, ModelDomain | ModelNetwork>, names: NeededXml["domains"]) => ({
      inactive: new Map(
        names.inactive.flatMap((name) => {
          const thing = things.get(name);
          const xml = thing?.inactive ?? thing?.active;
          return xml === undefined ? [] : [[name, writeXml(xml)] as const];
        }),
      ),
      active: new Map(
        names.active.flatMap((name) => {
          const xml = things.get(name)?.active;
          return xml === undefined ? [] : [[name, writeXml(xml)] as const];
        }),
      ),
    });
    return {
      domains: texts(this.domains, needed.domains),
      networks: texts(this.networks, needed.networks),
      existingVolumes: new Set(needed.volumes.filter((path) => this.volumes.has(path))),
    };
  }

  perform(step: Step): void {
    if ("network" in step) this.#performOnNetwork(step);
    else if (step.kind === "create-volume") this.#createVolume(step.path);
    else if (step.kind === "define-domain") this.define(step.domain, step.xml);
    else this.#performOnDomain(step, this.#domain(step.domain));
  }

  define(name: string, xml: string): ModelDomain {
    const before = this.domains.get(name);
    const uuid = before?.uuid ?? this.#newUuid();
    const inactive = this.#filledIn(read(xml, name, before?.uuid), uuid);
    const state = before?.state ?? "shutoff";
    const rest = { autostart: false, managedSave: false, cooperative: true };
    const stated = childNamed(inactive, "uuid");
    const domain = {
      ...rest,
      ...before,
      uuid: stated === undefined ? uuid : textOf(stated),
      inactive,
      state,
      active: before?.active,
    };
    this.domains.set(name, domain);
    return domain;
  }

  defineNetwork(name: string, xml: string): ModelNetwork {
    const before = this.networks.get(name);
    const uuid = before?.uuid ?? this.#newUuid();
    const inactive = withChild(read(xml, name, before?.uuid), newElement("uuid", {}, [uuid]));
    const network = { autostart: false, active: undefined, ...before, uuid, inactive };
    this.networks.set(name, network);
    return network;
  }

  #performOnDomain(
    step: Exclude<Step, { network: string } | { kind: "create-volume" | "define-domain" }>,
    domain: ModelDomain,
  ): void {
    switch (step.kind) {
      case "start-domain":
        expectState(domain, ["shutoff"], step.kind);
        if (step.discardSave) domain.managedSave = false;
        domain.managedSave = false;
        domain.active = domain.inactive === undefined ? undefined : this.#atStart(domain.inactive);
        domain.state = step.paused ? "paused" : "running";
        return;
      case "resume-domain":
        expectState(domain, ["paused"], step.kind);
        domain.state = "running";
        return;
      case "wake-domain":
        expectState(domain, ["pm-suspended"], step.kind);
        domain.state = "running";
        return;
      case "suspend-domain":
        expectState(domain, ["running", "blocked", "no-state"], step.kind);
        domain.state = "paused";
        return;
      case "shutdown-domain":
        expectState(domain, ["running", "blocked", "no-state", "shutting-down"], step.kind);
        this.#stop(step.domain, domain);
        return;
      case "destroy-domain":
        expectState(domain, ["running", "paused", "crashed", "pm-suspended"], step.kind);
        this.#stop(step.domain, domain);
        return;
      case "undefine-domain":
        expectState(domain, ["shutoff"], step.kind);
        this.domains.delete(step.domain);
        return;
      case "remove-managed-save":
        domain.managedSave = false;
        return;
      case "set-domain-autostart":
        if (domain.inactive === undefined) throw new Error("a transient domain has no autostart");
        domain.autostart = step.autostart;
        return;
      case "set-vcpus":
        if (step.config) domain.inactive = withVcpus(domain.inactive, step.count);
        if (step.live) domain.active = this.#pluggedVcpus(domain, step.count);
        return;
      case "set-memory":
        if (step.config) throw new Error("the planner changes configured memory by definition");
        domain.active = ballooned(domain, step.kib);
        return;
    }
  }

  #performOnNetwork(step: Extract<Step, { network: string }>): void {
    if (step.kind === "define-network") {
      this.defineNetwork(step.network, step.xml);
      return;
    }
    const network = this.networks.get(step.network);
    if (network === undefined) throw new Error(`no network ${step.network}`);
    switch (step.kind) {
      case "start-network":
        if (network.active !== undefined) throw new Error("the network is active");
        network.active = network.inactive;
        return;
      case "stop-network":
        if (network.active === undefined) throw new Error("the network is not active");
        network.active = undefined;
        if (network.inactive === undefined) this.networks.delete(step.network);
        return;
      case "undefine-network":
        if (network.active !== undefined) throw new Error("the network is active");
        this.networks.delete(step.network);
        return;
      case "set-network-autostart":
        network.autostart = step.autostart;
        return;
    }
  }

  #createVolume(path: string): void {
    if (this.volumes.has(path)) throw new Error(`${path} exists`);
    this.volumes.add(path);
  }

  #domain(name: string): ModelDomain {
    const domain = this.domains.get(name);
    if (domain === undefined) throw new Error(`no domain ${name}`);
    return domain;
  }

  #stop(name: string, domain: ModelDomain): void {
    domain.state = "shutoff";
    domain.active = undefined;
    if (domain.inactive === undefined) this.domains.delete(name);
  }

  #newUuid(): string {
    this.#serial += 1;
    return `00000000-0000-4000-8000-${String(this.#serial).padStart(12, "0")}`;
  }

  /** What libvirt adds to a definition. */
  #filledIn(xml: XmlElement, uuid: string): XmlElement {
    const memory = childNamed(xml, "memory") ?? newElement("memory", {}, ["1048576"]);
    const kib = String(sizeKib(memory) ?? 0);
    const current = childNamed(xml, "currentMemory");
    let domain = childNamed(xml, "uuid") === undefined ? withChild(xml, newElement("uuid", {}, [uuid])) : xml;
    domain = withChild(domain, newElement("memory", { unit: "KiB" }, [kib]));
    const currentKib = String((current && sizeKib(current)) ?? kib);
    domain = withChild(domain, newElement("currentMemory", { unit: "KiB" }, [currentKib]));
    const os = childNamed(domain, "os") ?? newElement("os", {}, [newElement("type", {}, ["hvm"])]);
    const type = childNamed(os, "type");
    if (type !== undefined && attributeOf(type, "machine") === "pc") {
      domain = withChild(domain, withChild(os, withAttribute(type, "machine", "pc-i440fx-7.2")));
    }
    return withChild(domain, this.#filledDevices(childNamed(domain, "devices") ?? newElement("devices")));
  }

  /** Disks before interfaces whatever the order was, a MAC, an address, a controller, a balloon. */
  #filledDevices(devices: XmlElement): XmlElement {
    const interfaces = childrenNamed(devices, "interface").map((device) => {
      if (childNamed(device, "mac") !== undefined) return device;
      this.#serial += 1;
      const address = `52:54:00:00:00:${String(this.#serial % 100).padStart(2, "0")}`;
      return withChild(device, newElement("mac", { address }));
    });
    const others = devices.children.filter((node) => typeof node !== "string" && node.name !== "interface");
    const withAddress = [...others, ...interfaces].map((node, index) => {
      if (typeof node === "string" || descend(node, "address") !== undefined) return node;
      return withChild(node, newElement("address", { type: "pci", slot: `0x${index.toString(16)}` }));
    });
    const filled = { ...devices, children: withAddress };
    const hasBalloon = childNamed(filled, "memballoon") !== undefined;
    return hasBalloon ? filled : withChild(filled, newElement("memballoon", { model: "virtio" }));
  }

  /** What a start adds: memory in whole MiB, an alias for each device. */
  #atStart(inactive: XmlElement): XmlElement {
    const kib = Math.ceil(domainSize(inactive).memoryKib / 1024) * 1024;
    const domain = withChild(inactive, newElement("memory", { unit: "KiB" }, [String(kib)]));
    return withChild(domain, newElement("currentMemory", { unit: "KiB" }, [String(kib)]));
  }

  #pluggedVcpus(domain: ModelDomain, count: number): XmlElement | undefined {
    if (domain.active === undefined) throw new Error("no live processors in a domain that is off");
    const size = domainSize(domain.active);
    if (count > size.vcpusMaximum) throw new Error("more processors than the maximum");
    if (count < size.vcpusCurrent && !domain.cooperative) throw new Error("the guest keeps its processors");
    return withVcpus(domain.active, count);
  }
}

function withVcpus(domain: XmlElement | undefined, count: number): XmlElement | undefined {
  if (domain === undefined) return undefined;
  const { vcpusMaximum } = domainSize(domain);
  const current = count === vcpusMaximum ? undefined : String(count);
  return withChild(domain, newElement("vcpu", { current }, [String(vcpusMaximum)]));
}

function ballooned(domain: ModelDomain, kib: number): XmlElement | undefined {
  if (domain.active === undefined) throw new Error("no balloon in a domain that is off");
  const size = domainSize(domain.active);
  if (kib > size.memoryKib || !size.balloon) throw new Error("the balloon cannot do that");
  return domain.cooperative
    ? withChild(domain.active, newElement("currentMemory", { unit: "KiB" }, [String(kib)]))
    : domain.active;
}

function read(xml: string, name: string, uuid: string | undefined): XmlElement {
  const parse = parseXml(xml);
  if (!parse.ok) throw new Error(parse.problem.message);
  const stated = childNamed(parse.root, "uuid");
  if (textOf(childNamed(parse.root, "name") ?? withText(parse.root, "")) !== name) throw new Error("another name");
  if (uuid !== undefined && (stated === undefined || textOf(stated) !== uuid))
    throw new Error("already exists with another UUID");
  return parse.root;
}

function expectState(domain: ModelDomain, states: readonly DomainState[], what: string): void {
  if (!states.includes(domain.state)) throw new Error(`${what} of a domain that is ${domain.state}`);
}
