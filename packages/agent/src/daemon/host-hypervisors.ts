import { type GuestType, guestTypes, type Observation } from "@berth/model";
import { AgentError } from "../agent-error.ts";
import { type BerthConfig, uriOf } from "../config/berth-config.ts";
import { HypervisorConnections, type HypervisorOpener } from "../hypervisor-connections.ts";
import type { Hypervisor, LifecycleEvent } from "../ports/hypervisor.ts";
import { readKnownTypes, writeKnownTypes } from "./known-types.ts";

/** What a look at all hypervisors of this host found, and which connection has which guest. */
export interface HostLook {
  readonly observation: Observation;
  readonly byUri: ReadonlyMap<string, Observation>;
}

/** Which of a hypervisor's connections. */
export type ConnectionName = "calm" | "urgent" | "final";

/** A look that takes longer counts as none. @default 5 s: a thousand times its usual time, and T_fence is 4 s */
const lookDeadlineMs = 5_000;

/**
 * The hypervisors of this host, each with three connections: `calm` to look, to make things ready and to start; `urgent` for
 * suspend and resume, which take milliseconds; `final` for destroy, which takes seconds where a process does not end. What
 * hangs on one keeps no place of another.
 */
export class HostHypervisors {
  readonly #config: BerthConfig;
  readonly #calm: HypervisorConnections;
  readonly #urgent: HypervisorConnections;
  readonly #final: HypervisorConnections;
  readonly #onLifecycle: (event: LifecycleEvent) => void;
  readonly #heard = new WeakSet<Hypervisor>();
  readonly #looked = new Map<string, Hypervisor>();
  #types: ReadonlySet<GuestType>;

  constructor(
    components: { readonly config: BerthConfig; readonly openHypervisor?: HypervisorOpener },
    onLifecycle: (event: LifecycleEvent) => void,
  ) {
    const { config, openHypervisor: open } = components;
    const parts = { config, ...(open !== undefined && { open }) };
    this.#config = config;
    this.#calm = new HypervisorConnections(parts);
    this.#urgent = config.embedded ? this.#calm : new HypervisorConnections(parts);
    this.#final = config.embedded ? this.#calm : new HypervisorConnections(parts);
    this.#onLifecycle = onLifecycle;
    const configured = guestTypes.filter((type) => config.uris[type] !== undefined);
    this.#types = new Set([...configured, ...readKnownTypes(config.stateDir)]);
  }

  /** For passes: they share the connections that look. */
  get connections(): HypervisorConnections {
    return this.#calm;
  }

  /** Adds types that must be looked at from now on. Throws what the file system throws. */
  use(types: Iterable<GuestType>): void {
    const all = new Set([...this.#types, ...types]);
    if (all.size === this.#types.size) return;
    writeKnownTypes(this.#config.stateDir, [...all]);
    this.#types = all;
  }

  /** Types that are looked at here. */
  get types(): readonly GuestType[] {
    return this.#types.size === 0 ? ["kvm"] : [...this.#types];
  }

  /** @throws AgentError HYPERVISOR_UNREACHABLE where the configuration names no host for the type */
  uriOf(type: GuestType): string {
    return this.#calm.uriOf(type);
  }

  /** One URI per hypervisor; at least the ordinary one, so that what nobody promised is seen too. */
  get uris(): readonly string[] {
    return [...new Set(this.types.flatMap((type) => uriOf(type, this.#config) ?? []))];
  }

  /**
   * Everything that every hypervisor has. All of them must answer: a guest that is missing in the list counts as off.
   * @throws AgentError HYPERVISOR_UNREACHABLE, HYPERVISOR_LOST
   */
  async look(): Promise<HostLook> {
    const looked = await Promise.all(this.uris.map(async (uri) => [uri, await this.#lookAt(uri)] as const));
    const all = looked.map(([, observation]) => observation);
    const domains = all.flatMap((observation) => observation.domains);
    const networks = all.flatMap((observation) => observation.networks);
    return { observation: { domains, networks }, byUri: new Map(looked) };
  }

  /** Hypervisors that the dead-man does not watch: it has one connection, to that of QEMU's guests. */
  get unwatched(): readonly string[] {
    return this.uris.filter((uri) => uri !== uriOf("kvm", this.#config));
  }

  /** False once a connection that was looked over is lost: the next look opens another one, or tells why not. */
  get allAlive(): boolean {
    return [...this.#looked.values()].every(({ alive }) => alive);
  }

  /** For what must not wait: suspend, resume. */
  urgent(uri: string): Promise<Hypervisor> {
    return this.#urgent.get(uri);
  }

  /** For destroy. */
  final(uri: string): Promise<Hypervisor> {
    return this.#final.get(uri);
  }

  /** For what may take its time: start, define, ask to stop. */
  async calm(uri: string): Promise<Hypervisor> {
    const hypervisor = await this.#calm.get(uri);
    this.#looked.set(uri, hypervisor);
    if (this.#heard.has(hypervisor)) return hypervisor;
    this.#heard.add(hypervisor);
    try {
      await hypervisor.onLifecycle((event) => this.#onLifecycle(event));
    } catch (error) {
      this.#heard.delete(hypervisor);
      throw error;
    }
    return hypervisor;
  }

  /** A connection on which something hangs is given up for a fresh one; its farewell is not waited for. */
  retire(uri: string, which: ConnectionName): void {
    ({ calm: this.#calm, urgent: this.#urgent, final: this.#final })[which].retire(uri);
  }

  async close(): Promise<void> {
    await Promise.all([...new Set([this.#calm, this.#urgent, this.#final])].map((connections) => connections.close()));
  }

  async #lookAt(uri: string): Promise<Observation> {
    const observe = async () => (await this.calm(uri)).observe({ brief: true });
    try {
      return await withDeadline(observe(), lookDeadlineMs, `${uri} did not answer for ${lookDeadlineMs / 1000} s`);
    } catch (error) {
      if (error instanceof AgentError && error.code === "HYPERVISOR_LOST") this.retire(uri, "calm");
      throw error;
    }
  }
}

/** The result, or HYPERVISOR_LOST after `ms`; what was begun goes on unheard. */
export async function withDeadline<Result>(work: Promise<Result>, ms: number, message: string): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new AgentError("HYPERVISOR_LOST", message)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
