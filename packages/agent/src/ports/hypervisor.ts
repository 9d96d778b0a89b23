import type { Observation } from "@berth/model";
import type { Step } from "@berth/planner";

/** Which of libvirt's two definitions of an active domain or network: what runs now, or what the next start uses. */
export type XmlView = "active" | "inactive";

/**
 * One hypervisor connection. Every adapter (libvirt, embedded) passes the contract suite in
 * `packages/agent/test/hypervisor-contract.ts`.
 */
export interface Hypervisor {
  /** The URI that was opened, for messages. */
  readonly uri: string;
  /** All domains and networks, promised or not, in a number of calls that does not grow with the guests. */
  observe(): Promise<Observation>;
  /** The XML of the named domains; a name that vanished meanwhile is left out. */
  domainXml(names: readonly string[], view: XmlView): Promise<ReadonlyMap<string, string>>;
  /** The XML of the named networks; a name that vanished meanwhile is left out. */
  networkXml(names: readonly string[], view: XmlView): Promise<ReadonlyMap<string, string>>;
  /** libvirt's host capabilities XML. */
  capabilitiesXml(): Promise<string>;
  /** Carries out exactly this step. The only method that changes anything. @throws HypervisorError */
  perform(step: Step, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
