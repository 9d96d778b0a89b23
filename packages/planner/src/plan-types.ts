/**
 * What goes into a plan and what comes out, as plain data. The caller does all the fetching: it asks `neededXml` what
 * the planner will want to look at, fetches that, and calls `plan` once. Nothing here reads a clock or a file.
 */
import type { ComparisonCache } from "@berth/domain-xml";
import type { EnvironmentPromise, Observation, Outcome, Ownership } from "@berth/model";
import type { Disturbance, Step } from "./step.ts";

/** Choices of the fleet's owner that no promise states. */
export interface PlannerSettings {
  /** How long a guest may take to power off before it is destroyed. @default 60000, what operating systems need at most */
  readonly shutdownTimeoutMs: number;
  /** What `create` and `running` become where the guest may not run. @default "down", which frees the host's memory */
  readonly notOwnedState: "down" | "suspended";
  /** Absolute path of the folder for disks of guests without XML of their own. @default "/var/lib/libvirt/images", libvirt's own */
  readonly volumeFolder: string;
  /** Mixed into the UUIDs and MACs that Berth derives from guest names, so that two fleets on one wire differ. @default "" */
  readonly identitySeed: string;
}

/** The defaults of {@link PlannerSettings}, each with its reason there. */
export const defaultPlannerSettings: PlannerSettings = {
  shutdownTimeoutMs: 60_000,
  notOwnedState: "down",
  volumeFolder: "/var/lib/libvirt/images",
  identitySeed: "",
};

/** By guest name. A guest that is missing here is nobody's yet: it is neither started nor stopped. */
export type OwnershipMap = ReadonlyMap<string, Ownership>;

/** Names whose XML the planner wants, by view: what the next start uses, and what runs now. */
export interface XmlNames {
  readonly inactive: readonly string[];
  readonly active: readonly string[];
}

/** What to fetch before {@link PlanInput} is complete. */
export interface NeededXml {
  readonly domains: XmlNames;
  readonly networks: XmlNames;
  /** Absolute paths of disks: the planner must know which of them exist. */
  readonly volumes: readonly string[];
  /** A guest must be built, so the host's capabilities are needed. */
  readonly capabilities: boolean;
}

/** XML texts by name, by view. A name that vanished meanwhile is left out. */
export interface XmlTexts {
  readonly inactive: ReadonlyMap<string, string>;
  readonly active: ReadonlyMap<string, string>;
  /** The hypervisor's reason by name, where it is there and its XML was not told. @default none */
  readonly refused?: ReadonlyMap<string, string>;
}

/** The answer to {@link NeededXml}. */
export interface FetchedXml {
  readonly domains: XmlTexts;
  readonly networks: XmlTexts;
  readonly existingVolumes: ReadonlySet<string>;
}

/** All that a plan is made from. The caller fetches `xml` as {@link NeededXml} asks. */
export interface PlanInput {
  /** The promises whose type this hypervisor connection serves, in policy order. */
  readonly promises: readonly EnvironmentPromise[];
  readonly ownership: OwnershipMap;
  readonly observation: Observation;
  readonly xml: FetchedXml;
  /** libvirt's host capabilities, where {@link NeededXml.capabilities} asked for them. */
  readonly capabilitiesXml?: string;
  readonly settings: PlannerSettings;
  /** Remembers comparisons by their two texts. Keep one per connection; without it each pass compares anew. */
  readonly cache?: ComparisonCache;
}

/** Where the steps of one promise lead to. `unchanged`: nobody is known to own the guest, so it neither starts nor stops. */
export type Goal = "running" | "suspended" | "down" | "deleted" | "unchanged" | "active" | "inactive";

/** A difference that no step of this plan removes from what runs now. */
export interface PendingChange {
  /** Such as `vcpu: 4 wanted, 2 now`. */
  readonly what: string;
  /** Why it waits. */
  readonly why: string;
  /** When it takes effect. */
  readonly tag: Disturbance;
}

/** Why a promise cannot be planned. Codes are stable, messages are not. */
export interface PlanFailure {
  readonly code: PlanFailureCode;
  readonly message: string;
}

/**
 * `NAME_UNUSABLE`: no guest can be called that. `NO_DEFINITION`: the guest or network is absent and the promise does not say what it is.
 * `SPEC_INVALID`: the XML of the promise cannot be used. `UUID_MISMATCH`: it states another UUID than the hypervisor.
 * `CONFLICTING_PROMISES`: another promise is about the same name. `XML_NOT_FETCHED`: it vanished between observing and
 * fetching, and the next pass sees what became of it, or the hypervisor refused to tell it. `OBSERVED_XML_INVALID`: libvirt's XML cannot be read.
 * `NEEDS_SPEC`: no guest of this type can be built from resources alone. `CAPABILITIES_UNUSABLE`: the host's
 * capabilities offer nothing that serves the promise. `NETWORK_CANNOT_BE_SUSPENDED`: networks run or not.
 */
export type PlanFailureCode =
  | "NAME_UNUSABLE"
  | "NO_DEFINITION"
  | "SPEC_INVALID"
  | "UUID_MISMATCH"
  | "CONFLICTING_PROMISES"
  | "XML_NOT_FETCHED"
  | "OBSERVED_XML_INVALID"
  | "NEEDS_SPEC"
  | "CAPABILITIES_UNUSABLE"
  | "NETWORK_CANNOT_BE_SUSPENDED";

/** The plan for one promise. */
export interface PromisePlan {
  readonly promise: EnvironmentPromise;
  /** 0 networks come up, 1 guests stop, 2 guests start or change, 3 networks go. Items of one stage do not depend on each other. */
  readonly stage: 0 | 1 | 2 | 3;
  readonly goal: Goal;
  /** One clause: the goal, and why where it is not what the promise says, such as `down, for class web1_host does not hold here`. */
  readonly here: string;
  /** The state in which the hypervisor has it, in words: `absent`, `off`, `paused (transient)`. */
  readonly from: string;
  /** In order. The first that fails ends the item. Empty when there is nothing to do, and when `failure` is set. */
  readonly steps: readonly Step[];
  /** `action_policy`: the steps say what would change and are never performed. */
  readonly withheld?: "warn" | "nop";
  readonly pending: readonly PendingChange[];
  readonly failure?: PlanFailure;
  /** What to report when `steps` is empty. */
  readonly outcomeWithoutSteps: Extract<Outcome, "kept" | "failed">;
  readonly warnings: readonly string[];
}

/** One plan for one hypervisor connection. */
export interface Plan {
  /** By stage, then in policy order. */
  readonly items: readonly PromisePlan[];
}
