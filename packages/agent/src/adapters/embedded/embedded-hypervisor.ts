import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Observation, ObservedDomain } from "@berth/model";
import type { Step, VolumeStep } from "@berth/planner";
import { AgentError } from "../../agent-error.ts";
import type { Hypervisor, LifecycleEvent, StepConcurrency, XmlAnswers, XmlView } from "../../ports/hypervisor.ts";
import { embeddedCapabilitiesXml } from "./capabilities.ts";
import { applyDomainStep } from "./domain-steps.ts";
import type { EmbeddedDomain, EmbeddedState } from "./embedded-state.ts";
import { lifecycleChange } from "./lifecycle.ts";
import { applyNetworkStep } from "./network-steps.ts";
import type { StateStore } from "./state-store.ts";
import { knownDomains, lifecycleDifferences, watchStateFile } from "./state-watch.ts";

/** What the embedded hypervisor is made of. */
export interface EmbeddedComponents {
  /** Where the state is kept; shared by every process that opens the same file. */
  readonly store: StateStore;
}

/**
 * A hypervisor in this process, for trying Berth where there is no libvirt. It runs no code of any guest: it keeps
 * what libvirt would keep, in a file, and answers as libvirt would answer.
 *
 * A guest whose XML has `<metadata><berth:embedded xmlns:berth='urn:berth:embedded' on-shutdown='ignore'/></metadata>`
 * does not react to a shutdown request, as a hung guest would.
 */
export class EmbeddedHypervisor implements Hypervisor {
  readonly uri = "embedded:///";
  /** Changes that come together share one write of the state file. */
  readonly concurrency: StepConcurrency = { changes: 256, stops: 256 };
  /** A file does not go away. */
  readonly alive = true;
  readonly #store: StateStore;
  readonly #listeners = new Set<(event: LifecycleEvent) => void>();
  /** What the listeners know, and the state that it was last compared with: own changes reach both, step by step. */
  #known = new Map<string, EmbeddedDomain>();
  #compared: EmbeddedState | undefined;
  #unwatch: (() => void) | undefined;

  constructor(components: EmbeddedComponents) {
    this.#store = components.store;
  }

  async observe(): Promise<Observation> {
    const state = this.#store.read();
    return {
      domains: [...state.domains.values()].map(observedDomain),
      networks: [...state.networks.values()].map((network) => ({
        name: network.name,
        uuid: network.uuid,
        active: network.activeXml !== undefined,
        persistent: network.inactiveXml !== undefined,
        autostart: network.autostart,
      })),
    };
  }

  async domainXml(names: readonly string[], view: XmlView): Promise<XmlAnswers> {
    const { domains } = this.#store.read();
    return select(names, (name) => {
      const domain = domains.get(name);
      return view === "active" ? (domain?.active ?? domain?.inactive)?.xml : (domain?.inactive ?? domain?.active)?.xml;
    });
  }

  async networkXml(names: readonly string[], view: XmlView): Promise<XmlAnswers> {
    const { networks } = this.#store.read();
    return select(names, (name) => {
      const network = networks.get(name);
      return view === "active"
        ? (network?.activeXml ?? network?.inactiveXml)
        : (network?.inactiveXml ?? network?.activeXml);
    });
  }

  async existingVolumes(paths: readonly string[]): Promise<ReadonlySet<string>> {
    const { volumes } = this.#store.read();
    return new Set(paths.filter((path) => volumes.has(path) || existsSync(path)));
  }

  async capabilitiesXml(): Promise<string> {
    return embeddedCapabilitiesXml;
  }

  async perform(step: Step, signal?: AbortSignal, mayBegin: () => void = () => {}): Promise<void> {
    if (step.kind === "shutdown-domain") await this.#graceOf(step.domain, step.timeoutMs, signal);
    if (step.kind === "start-domain") await this.#startTime(step.domain, signal);
    let done: DomainChange | undefined;
    await this.#store.change((state) => {
      if (step.kind === "resume-domain" || step.kind === "wake-domain") mayBegin();
      done = apply(state, step);
    });
    if (done !== undefined) this.#tellOwn(done);
  }

  async onLifecycle(listener: (event: LifecycleEvent) => void): Promise<() => void> {
    return this.#listen(listener);
  }

  async close(): Promise<void> {
    await this.#store.settled();
    this.#listeners.clear();
    this.#endWatch();
  }

  #listen(listener: (event: LifecycleEvent) => void): () => void {
    this.#listeners.add(listener);
    if (this.#unwatch === undefined) {
      this.#compared = this.#store.read();
      this.#known = knownDomains(this.#compared);
      this.#unwatch = watchStateFile(this.#store.path, () => this.#tellForeign());
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#endWatch();
    };
  }

  #endWatch(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  /** A step of this process is told by its kind, and at once; the watch then finds nothing new in it. */
  #tellOwn({ name, before, after, change }: DomainChange): void {
    if (after === undefined) this.#known.delete(name);
    else this.#known.set(name, after);
    const uuid = (after ?? before)?.uuid;
    if (change !== undefined && uuid !== undefined) this.#tell({ domain: name, uuid, change });
  }

  /** What other processes did since the last look. A file that cannot be read now is told by whoever asks for it next. */
  #tellForeign(): void {
    let state: EmbeddedState;
    try {
      state = this.#store.read();
    } catch (error) {
      if (error instanceof AgentError) return;
      throw error;
    }
    // Another process's change makes another state; without one there are a thousand guests to look at for nothing.
    if (state === this.#compared) return;
    this.#compared = state;
    const now = knownDomains(state);
    const events = lifecycleDifferences(this.#known, now);
    this.#known = now;
    for (const event of events) this.#tell(event);
  }

  #tell(event: LifecycleEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Where a simulation asks for it, a start takes its time before it has any effect. */
  async #startTime(name: string, signal: AbortSignal | undefined): Promise<void> {
    const { startMs } = this.#store.options;
    if (startMs === 0 || this.#store.read().domains.get(name)?.active !== undefined) return;
    try {
      await delay(startMs, undefined, signal && { signal });
    } catch (error) {
      throw new AgentError("ABORTED", `gave up starting '${name}'`, { cause: error });
    }
  }

  /** Waits out the time that a guest has which does not react: the caller then stops it. */
  async #graceOf(name: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const domain = this.#store.read().domains.get(name);
    if (domain?.active === undefined) return;
    // A paused guest runs no code, so it cannot react either.
    if (!domain.active.ignoresShutdown && domain.state === "running") return;
    const stopped = this.#stopOf(name);
    try {
      await Promise.race([delay(timeoutMs, undefined, signal && { signal }), stopped.promise]);
    } catch (error) {
      throw new AgentError("ABORTED", `gave up waiting for '${name}' to shut down`, { cause: error });
    } finally {
      stopped.cancel();
    }
  }

  #stopOf(name: string): { promise: Promise<void>; cancel: () => void } {
    const waiting = new EventTarget();
    const listener = (event: LifecycleEvent) => {
      if (event.domain === name && event.change === "stopped") waiting.dispatchEvent(new Event("stopped"));
    };
    const cancel = this.#listen(listener);
    return { promise: once(waiting, "stopped").then(() => undefined), cancel };
  }
}

/** What one step did to one domain. */
interface DomainChange {
  readonly name: string;
  readonly before: EmbeddedDomain | undefined;
  readonly after: EmbeddedDomain | undefined;
  readonly change: LifecycleEvent["change"] | undefined;
}

function apply(state: EmbeddedState, step: Step): DomainChange | undefined {
  if ("network" in step) {
    applyNetworkStep(state, step);
    return undefined;
  }
  if (step.kind === "create-volume") {
    createVolume(state, step);
    return undefined;
  }
  const before = state.domains.get(step.domain);
  applyDomainStep(state, step);
  const after = state.domains.get(step.domain);
  return { name: step.domain, before, after, change: lifecycleChange(before, after, step) };
}

function createVolume(state: EmbeddedState, step: VolumeStep): void {
  if (state.volumes.has(step.path)) return;
  const backing = step.backing?.path;
  state.volumes.set(step.path, {
    path: step.path,
    ...(step.capacityBytes !== undefined && { capacityBytes: step.capacityBytes }),
    ...(backing !== undefined && { backing }),
  });
}

function select(names: readonly string[], xmlOf: (name: string) => string | undefined): XmlAnswers {
  const texts = new Map(
    names.flatMap((name) => {
      const xml = xmlOf(name);
      return xml === undefined ? [] : [[name, xml] as const];
    }),
  );
  return { texts, refused: new Map() };
}

function observedDomain(domain: EmbeddedDomain): ObservedDomain {
  const definition = domain.active ?? domain.inactive;
  const none = { current: 0, maximum: 0 };
  return {
    name: domain.name,
    uuid: domain.uuid,
    state: domain.state,
    persistent: domain.inactive !== undefined,
    autostart: domain.autostart,
    managedSave: domain.managedSave,
    vcpus: definition?.vcpus ?? none,
    memoryKib: definition?.memoryKib ?? none,
  };
}
