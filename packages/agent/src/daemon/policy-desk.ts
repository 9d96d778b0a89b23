import type { GuestId, Mode, PromisedGuest } from "@berth/claims";
import { type Diagnostic, formatPosition, type GuestPromise, type GuestType, hypervisorOf } from "@berth/model";
import { reasonOf } from "../agent-error.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { BerthConfig } from "../config/berth-config.ts";
import { fleetFindings } from "../fleet/fleet-findings.ts";
import { guestMeans, type MeansContext } from "./guest-means.ts";
import type { Journal } from "./journal.ts";
import { PolicyKeeper } from "./policy-keeper.ts";
import { promisedGuests } from "./promised-guests.ts";
import { writePromisedGuests } from "./promised-guests-file.ts";
import type { PolicyInForce } from "./running-agent.ts";

/** How long news about means are gathered. @default 100 ms: a tenth of what the next start takes anyway */
const gatherMs = 100;

/** What the desk works with. */
export interface PolicyDeskComponents {
  readonly config: BerthConfig;
  readonly agent: AgentConfig;
  readonly journal: Pick<Journal, "write">;
  /** What this host has for a guest now. */
  readonly means: () => Omit<MeansContext, "identitySeed">;
}

/** Who hears. */
export interface PolicyDeskListeners {
  /** The whole set of promised guests has changed. */
  readonly promised: (guests: readonly PromisedGuest[]) => void;
  /** Hypervisors that policy needs on this host. */
  readonly types: (types: readonly GuestType[]) => void;
  /** Another policy is in force. */
  readonly changed: () => void;
}

/**
 * Between policy and protocol: loads policy, and tells the protocol what is promised whenever policy or the means of this
 * host have changed. While no policy was ever good in this life, nothing is told at all.
 */
export class PolicyDesk {
  readonly #parts: PolicyDeskComponents;
  readonly #listeners: PolicyDeskListeners;
  readonly #keeper: PolicyKeeper;
  #promises: ReadonlyMap<GuestId, GuestPromise> = new Map();
  #modes: ReadonlyMap<GuestId, Mode> = new Map();
  #told = "";
  /** As they are on the disk; undefined before the first time in this life, for an earlier one may have left others. */
  #named: string | undefined;
  #problem = "";
  #findings: ReadonlySet<string> = new Set();
  /** Something could not be written down: told again with the next pass. */
  #owes = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(components: PolicyDeskComponents, listeners: PolicyDeskListeners) {
    this.#parts = components;
    this.#listeners = listeners;
    this.#keeper = new PolicyKeeper({ config: components.config });
  }

  get inForce(): PolicyInForce {
    return this.#keeper.inForce;
  }

  /** Guest promises of the policy in force, by name. */
  get promises(): ReadonlyMap<GuestId, GuestPromise> {
    return this.#promises;
  }

  /** How a guest is protected; undefined where nothing is promised of it. */
  modeOf(guest: GuestId): Mode | undefined {
    return this.#modes.get(guest);
  }

  /** Why the newest policy is not in force; undefined when it is. */
  get problem(): string | undefined {
    const { bad, diagnostics } = this.#keeper.inForce;
    const first = bad ? diagnostics.find(({ severity }) => severity === "error") : undefined;
    return first === undefined ? undefined : `${formatPosition(first.position)}: ${first.message}`;
  }

  /** Loads the policy if anything that it was made of has changed. */
  async reload(): Promise<PolicyInForce> {
    const before = this.#keeper.inForce;
    const inForce = await this.#keeper.load();
    if (inForce !== before) {
      this.#note(before, inForce);
      this.tell();
      if (inForce.generation !== before.generation) this.#listeners.changed();
    } else if (this.#owes) this.tell();
    return this.#keeper.inForce;
  }

  /** The same; what keeps the system from it is told, and tried again with the next pass. Never rejects. */
  async reloadOrTell(): Promise<void> {
    try {
      await this.reload();
    } catch (error) {
      this.#problemOf(error);
    }
  }

  /** One look at the files; loads when they have changed and come to rest. */
  look(): void {
    if (this.#keeper.hasChanged()) void this.reloadOrTell();
  }

  /** Tells the protocol what is promised, when that has changed. */
  tell(): void {
    const { config, agent, means } = this.#parts;
    const { promises, generation } = this.#keeper.inForce;
    if (generation === 0) return;
    this.#owes = false;
    const guestPromises = promises.filter((promise): promise is GuestPromise => promise.kind === "guest");
    this.#promises = new Map(guestPromises.map((promise) => [promise.name, promise]));
    try {
      this.#listeners.types(promises.filter(({ hostHolds }) => hostHolds).map(({ type }) => hypervisorOf(type)));
    } catch (error) {
      // Nothing is promised of a hypervisor that the next life of the agent would not look at.
      this.#problemOf(error);
      return;
    }
    const context = { ...means(), identitySeed: config.identitySeed };
    const rules = { ...agent, shutdownTimeoutMs: config.shutdownTimeoutMs };
    const { guests, diagnostics } = promisedGuests(promises, rules, (promise) => guestMeans(promise, context));
    this.#noteRules([...diagnostics, ...fleetFindings(promises, config)]);
    try {
      this.#writeNames(guests);
    } catch (error) {
      this.#problemOf(error);
    }
    const text = JSON.stringify(guests);
    if (text === this.#told) return;
    this.#told = text;
    this.#modes = new Map(guests.map(({ guest, mode }) => [guest, mode]));
    this.#listeners.promised(guests);
  }

  /** The same for news that come by the thousand: once for all that come within a moment. */
  tellSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.tell();
    }, gatherMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #writeNames(guests: readonly PromisedGuest[]): void {
    const names = guests.map(({ guest }) => guest);
    if (names.join("\n") === this.#named) return;
    writePromisedGuests(this.#parts.config.stateDir, names);
    this.#named = names.join("\n");
  }

  /** In status beside the policy's own findings; in the log once for each policy that has them. */
  #noteRules(findings: readonly Diagnostic[]): void {
    this.#keeper.noteRules(findings);
    const lines = findings.map(({ position, message }) => `${formatPosition(position)}: ${message}`);
    for (const text of lines.filter((line) => !this.#findings.has(line)))
      this.#parts.journal.write({ level: "warning", code: "POLICY_FINDING", text });
    this.#findings = new Set(lines);
  }

  /** Of the system, not of the policy: told, and tried again with the next pass. */
  #problemOf(error: unknown): void {
    this.#owes = true;
    const text = `policy could not be loaded or told in full: ${reasonOf(error)}`;
    this.#parts.journal.write({ level: "warning", code: "POLICY_PROBLEM", text });
  }

  #note(before: PolicyInForce, { bad, generation, digest }: PolicyInForce): void {
    const { journal } = this.#parts;
    const problem = this.problem ?? "";
    if (bad && problem !== this.#problem) {
      const rest = generation === 0 ? "nothing is promised here" : "the last good policy stays in force";
      journal.write({ level: "warning", code: "POLICY_BAD", text: `the policy is bad, ${rest}: ${problem}` });
    } else if (!bad && digest !== before.digest) {
      journal.write({ level: "info", code: "POLICY_IN_FORCE", text: `policy ${digest.slice(0, 12)} is in force` });
    }
    this.#problem = problem;
  }
}
