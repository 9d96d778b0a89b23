import type { Observation } from "@berth/model";
import type { Step } from "@berth/planner";

/** Which of libvirt's two definitions of an active domain or network: what runs now, or what the next start uses. */
export type XmlView = "active" | "inactive";

/** XML texts by name. A name that vanished meanwhile is in neither map. */
export interface XmlAnswers {
  readonly texts: ReadonlyMap<string, string>;
  /** The hypervisor's own reason for each name that it would not tell. */
  readonly refused: ReadonlyMap<string, string>;
}

/** How many steps are worth doing at the same moment. */
export interface StepConcurrency {
  /** Starts and every other change: bound by processors. */
  readonly changes: number;
  /** Stops: they wait, for the guest or for libvirt's polling, and cost next to nothing. */
  readonly stops: number;
}

/** What a look should cost and tell; see {@link Hypervisor.observe}. */
export interface LookOptions {
  readonly sizes?: boolean;
  readonly unasked?: boolean;
  readonly brief?: boolean;
}

/** A domain's life changed, by whoever's hand. */
export interface LifecycleEvent {
  readonly domain: string;
  readonly uuid: string;
  readonly change:
    | "defined"
    | "undefined"
    | "started"
    | "suspended"
    | "resumed"
    | "stopped"
    | "shutdown"
    | "pm-suspended"
    | "crashed";
}

/**
 * One hypervisor connection. Every adapter (libvirt, embedded) passes the contract suite in
 * `packages/agent/test/hypervisor-contract.ts`.
 */
export interface Hypervisor {
  /** The URI that was opened, for messages. */
  readonly uri: string;
  readonly concurrency: StepConcurrency;
  /** False once the connection is lost: every call then fails, and a new connection must be opened. */
  readonly alive: boolean;
  /**
   * All domains and networks, promised or not, in a number of calls that does not grow with the guests. Sizes that the
   * bulk call does not carry are 0, for unknown; `sizes` asks each domain for them, for a table that a person reads.
   *
   * `unasked`: no guest's own process is asked anything, so that one which hangs cannot hold up the look; sizes are then
   * unknown. `brief` is that, for looking often: who is there and in which state is as of now, everything else may be as the
   * last whole look found it.
   */
  observe(options?: LookOptions): Promise<Observation>;
  /**
   * The XML of the named domains. A transient domain has one definition for both views. What is refused for one name
   * does not concern the others.
   */
  domainXml(names: readonly string[], view: XmlView): Promise<XmlAnswers>;
  /** The XML of the named networks, as for domains. */
  networkXml(names: readonly string[], view: XmlView): Promise<XmlAnswers>;
  /** Those of the absolute paths that exist as files or volumes. */
  existingVolumes(paths: readonly string[]): Promise<ReadonlySet<string>>;
  /** libvirt's host capabilities XML. */
  capabilitiesXml(): Promise<string>;
  /**
   * Carries out exactly this step, and returns when its effect is there. A step whose effect is there already succeeds,
   * so that a pass may be repeated after a crash. The only method that changes anything.
   *
   * @param mayBegin - called in the last moment before a guest is resumed or woken, after everything that may take time; what
   * it throws is thrown, and nothing was done
   * @throws AgentError NOT_FOUND, OPERATION_INVALID, XML_INVALID, OPERATION_FAILED, HYPERVISOR_LOST, ABORTED
   */
  perform(step: Step, signal?: AbortSignal, mayBegin?: () => void): Promise<void>;
  /** Calls back for each change of a domain's life until the returned function is called. */
  onLifecycle(listener: (event: LifecycleEvent) => void): Promise<() => void>;
  close(): Promise<void>;
}
