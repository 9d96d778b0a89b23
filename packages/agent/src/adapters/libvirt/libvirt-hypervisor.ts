import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Observation, ObservedDomain, ObservedNetwork } from "@berth/model";
import type { Step } from "@berth/planner";
import { type Connection, connect, type Domain, type DomainLifecycleEvent, type Network } from "node-libvirt";
import type {
  Hypervisor,
  LifecycleEvent,
  LookOptions,
  StepConcurrency,
  XmlAnswers,
  XmlView,
} from "../../ports/hypervisor.ts";
import { DomainPerformer } from "./domain-performer.ts";
import { DomainStops } from "./domain-stops.ts";
import { isAnswer, isLibvirtCode, isUnknownFlag, libvirtFailure, unreachable } from "./libvirt-failure.ts";
import { fingerprintOf, observeConnection, observeStates, withSizes } from "./libvirt-observation.ts";
import { performNetworkStep } from "./network-performer.ts";
import { VolumePerformer, volumeExists } from "./volume-performer.ts";
import { XmlCache } from "./xml-cache.ts";

/** Passes after which all XML is read anew. @default 12: once an hour at a pass every five minutes */
const passesUntilRefresh = 12;

/**
 * Guests that may be stopped at the same moment. Nearly all of that time is waiting for guests that take their time, up to
 * the whole `shutdown_timeout` each; calls to libvirt are held to a few by the connection itself.
 * @default 64: sixty guests that ignore the request take one such timeout, not eight
 */
const stopsMax = 64;

/** Opens a URI for reading. Nothing is changed before the first step. @throws AgentError HYPERVISOR_UNREACHABLE */
export async function openLibvirtHypervisor(uri: string): Promise<Hypervisor> {
  const reads = await connect(uri, { readOnly: true }).catch((error: unknown) => {
    throw unreachable(uri, error);
  });
  const hypervisor = new LibvirtHypervisor({ uri, reads });
  try {
    await hypervisor.listen();
  } catch (error) {
    await reads.close();
    throw libvirtFailure(error);
  }
  return hypervisor;
}

/** Where the XML of one kind of thing comes from. */
interface XmlSource<Handle> {
  readonly find: (name: string) => Handle | Promise<Handle>;
  readonly fingerprint: (name: string) => string;
  readonly read: (handle: Handle) => Promise<string>;
}

/** Steps after which a brief look tells the truth. */
const statesOnly: ReadonlySet<Step["kind"]> = new Set([
  "resume-domain",
  "wake-domain",
  "suspend-domain",
  "set-vcpus",
  "set-memory",
]);

/** Whoever may change things. */
interface Performers {
  readonly connection: Connection;
  readonly domains: DomainPerformer;
  readonly volumes: VolumePerformer;
}

/**
 * A hypervisor behind libvirtd. Observing goes over a connection that libvirtd itself holds to reading; a second one
 * that may change things is opened by the first step, so that a long change never delays a look. A dry run opens it only
 * to read the definition of a guest with a display, whose password libvirt tells to nobody else.
 */
class LibvirtHypervisor implements Hypervisor {
  readonly uri: string;
  readonly concurrency: StepConcurrency = { changes: 2 * availableParallelism(), stops: stopsMax };
  readonly #reads: Connection;
  readonly #cache = new XmlCache(passesUntilRefresh);
  readonly #stops = new DomainStops();
  readonly #listeners = new Set<(event: LifecycleEvent) => void>();
  #alive = true;
  #hearsEvents = false;
  #performers: Promise<Performers> | undefined;
  #observed = new Map<string, ObservedDomain>();
  /** As the last whole look found them; undefined before it. */
  #networks: readonly ObservedNetwork[] | undefined;
  #domainHandles: ReadonlyMap<string, Domain> = new Map();
  #networkHandles: ReadonlyMap<string, Network> = new Map();
  #capabilities: Promise<string> | undefined;

  constructor(components: { readonly uri: string; readonly reads: Connection }) {
    this.uri = components.uri;
    this.#reads = components.reads;
    void this.#reads.closed.then(() => {
      this.#alive = false;
      this.#stops.lost();
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Subscribes to events; a driver that has none is read without a cache. */
  async listen(): Promise<void> {
    try {
      await this.#reads.domains.onLifecycle((event) => this.#heard(event));
      await this.#reads.networks.onLifecycle(({ network }) => this.#cache.invalidate(network.uuid));
      this.#hearsEvents = true;
    } catch (error) {
      if (!isLibvirtCode(error, "VIR_ERR_NO_SUPPORT", "VIR_ERR_OPERATION_UNSUPPORTED")) throw error;
    }
  }

  observe(options: LookOptions = {}): Promise<Observation> {
    return this.#translated(async () => {
      const brief = options.brief === true ? await this.#observeBriefly() : undefined;
      if (brief !== undefined) return brief;
      this.#cache.beginPass();
      const asks = options.unasked !== true && options.brief !== true;
      const found = await observeConnection(this.#reads, { balloon: asks });
      this.#observed = new Map(found.domains.map((domain) => [domain.name, domain]));
      this.#domainHandles = found.domainHandles;
      this.#networkHandles = found.networkHandles;
      this.#cache.retain((uuid) => found.uuids.has(uuid));
      const domains = options.sizes === true ? await withSizes(this.#reads, found) : found.domains;
      this.#networks = found.networks;
      return { domains, networks: found.networks };
    });
  }

  /** Only after a whole look, and only while no domain came that it has not seen. */
  async #observeBriefly(): Promise<Observation | undefined> {
    if (this.#networks === undefined) return undefined;
    const found = await observeStates(this.#reads, this.#observed);
    if (found === undefined) return undefined;
    this.#observed = new Map(found.domains.map((domain) => [domain.name, domain]));
    this.#domainHandles = found.handles;
    return { domains: found.domains, networks: this.#networks };
  }

  domainXml(names: readonly string[], view: XmlView): Promise<XmlAnswers> {
    return this.#collect(names, view, {
      find: (name) => this.#domainHandles.get(name) ?? this.#reads.domains.lookupByName(name),
      fingerprint: (name) => fingerprintOf(this.#observed.get(name)),
      read: (domain) => this.#domainXmlNow(domain, view),
    });
  }

  networkXml(names: readonly string[], view: XmlView): Promise<XmlAnswers> {
    return this.#collect(names, view, {
      find: (name) => this.#networkHandles.get(name) ?? this.#reads.networks.lookupByName(name),
      fingerprint: () => "",
      read: (network) => this.#networkXmlNow(network, view),
    });
  }

  /**
   * With the passwords of its displays, so that they survive when a changed definition is made from this one. libvirt
   * tells them only to a connection that may change things; without such a one the rest has to do.
   */
  async #domainXmlNow(domain: Domain, view: XmlView): Promise<string> {
    const inactive = view === "inactive";
    const xml = await this.#reads.domains.xml(domain, { inactive });
    if (!xml.includes("<graphics")) return xml;
    const performers = await this.#openPerformers().catch(() => undefined);
    return performers === undefined ? xml : performers.connection.domains.xml(domain, { inactive, secure: true });
  }

  /** The test driver has one definition for both views, and refuses to be asked for a certain one. */
  async #networkXmlNow(network: Network, view: XmlView): Promise<string> {
    try {
      return await this.#reads.networks.xml(network, { inactive: view === "inactive" });
    } catch (error) {
      if (view === "active" || !isUnknownFlag(error)) throw error;
      return this.#reads.networks.xml(network);
    }
  }

  /** A file that this process sees needs no call; libvirtd may see others, such as those on another kind of pool. */
  existingVolumes(paths: readonly string[]): Promise<ReadonlySet<string>> {
    return this.#translated(async () => {
      const found = await Promise.all(
        paths.map(async (path) => existsSync(path) || (await volumeExists(this.#reads, path))),
      );
      return new Set(paths.filter((_, index) => found[index]));
    });
  }

  capabilitiesXml(): Promise<string> {
    this.#capabilities ??= this.#translated(() => this.#reads.host.capabilities());
    return this.#capabilities;
  }

  perform(step: Step, signal?: AbortSignal, mayBegin?: () => void): Promise<void> {
    return this.#translated(async () => {
      const performers = await this.#openPerformers();
      try {
        if ("network" in step) await performNetworkStep(performers.connection, step);
        else if (step.kind === "create-volume") await performers.volumes.perform(step);
        else await performers.domains.perform(step, signal, mayBegin);
      } finally {
        this.#forget(step);
      }
    });
  }

  async onLifecycle(listener: (event: LifecycleEvent) => void): Promise<() => void> {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    const performers = await this.#performers?.catch(() => undefined);
    await Promise.all([this.#reads.close(), performers?.connection.close()]);
  }

  #heard({ domain, event }: DomainLifecycleEvent): void {
    this.#cache.invalidate(domain.uuid);
    if (event === "stopped") this.#stops.stopped(domain.uuid);
    if (event === "unknown") return;
    for (const listener of this.#listeners) listener({ domain: domain.name, uuid: domain.uuid, change: event });
  }

  /** Our own changes do not wait for their event; what they changed beside a state needs a whole look to be seen. */
  #forget(step: Step): void {
    if (!statesOnly.has(step.kind)) this.#networks = undefined;
    const handle = "network" in step ? this.#networkHandles.get(step.network) : this.#domainHandles.get(step.domain);
    if (handle !== undefined) this.#cache.invalidate(handle.uuid);
  }

  async #openPerformers(): Promise<Performers> {
    const opening = this.#performers ?? this.#connectPerformers();
    this.#performers = opening;
    try {
      return await opening;
    } catch (error) {
      if (this.#performers === opening) this.#performers = undefined;
      throw error;
    }
  }

  async #connectPerformers(): Promise<Performers> {
    const connection = await connect(this.uri).catch((error: unknown) => {
      throw unreachable(this.uri, error);
    });
    void connection.closed.then(() => {
      this.#performers = undefined;
    });
    return {
      connection,
      domains: new DomainPerformer({ connection, stops: this.#stops }),
      volumes: new VolumePerformer({ connection }),
    };
  }

  /**
   * One text for each name: from the cache, or read side by side. What libvirt refuses for one name does not concern
   * the others; a name that libvirt does not know any more is left out.
   */
  #collect<Handle extends { readonly uuid: string }>(
    names: readonly string[],
    view: XmlView,
    source: XmlSource<Handle>,
  ): Promise<XmlAnswers> {
    return this.#translated(async () => {
      const [texts, refused] = [new Map<string, string>(), new Map<string, string>()];
      const reading: Promise<void>[] = [];
      for (const name of names) {
        const handle = source.find(name);
        const fingerprint = source.fingerprint(name);
        const known = "uuid" in handle ? this.#cache.get(handle.uuid, view, fingerprint) : undefined;
        if (known !== undefined) texts.set(name, known);
        else
          reading.push(
            this.#readInto({ texts, refused }, name, view, {
              ...source,
              find: () => handle,
              fingerprint: () => fingerprint,
            }),
          );
      }
      await Promise.all(reading);
      return { texts, refused };
    });
  }

  async #readInto<Handle extends { readonly uuid: string }>(
    { texts, refused }: { readonly texts: Map<string, string>; readonly refused: Map<string, string> },
    name: string,
    view: XmlView,
    source: XmlSource<Handle>,
  ): Promise<void> {
    try {
      const handle = await source.find(name);
      const read = () => source.read(handle);
      const xml = this.#hearsEvents
        ? await this.#cache.read(handle.uuid, view, source.fingerprint(name), read)
        : await read();
      texts.set(name, xml);
    } catch (error) {
      if (!isAnswer(error)) throw error;
      if (!isLibvirtCode(error, "VIR_ERR_NO_DOMAIN", "VIR_ERR_NO_NETWORK")) refused.set(name, error.message);
    }
  }

  async #translated<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act();
    } catch (error) {
      throw libvirtFailure(error);
    }
  }
}
