/**
 * The hand for the embedded hypervisor's guests. It shares the state file with the agent, which may be frozen at any
 * moment: a suspend has little patience with the file's lock, and a kill takes no lock at all.
 */
import { join } from "node:path";
import type { DeadManObservation } from "@berth/claims";
import type { EmbeddedDomain } from "../adapters/embedded/embedded-state.ts";
import { appendExecutions, monotonicMs } from "../adapters/embedded/execution-journal.ts";
import { killRun } from "../adapters/embedded/killed-runs.ts";
import { StateStore } from "../adapters/embedded/state-store.ts";
import { AgentError } from "../agent-error.ts";
import type { GuestHand } from "./guest-hand.ts";
import type { NamedGuest } from "./guest-process.ts";

/** A lock that is held longer is held by a process that does not run. @default 300 ms: over before K1 */
const lockWaitMs = 300;

/** Opens the hand on the state file of one folder; the file may come later. */
export function openEmbeddedHand(stateDir: string): GuestHand {
  return new EmbeddedHand({ store: new StateStore(join(stateDir, "embedded.json"), { lockWaitMs }) });
}

class EmbeddedHand implements GuestHand {
  readonly #store: StateStore;
  #answered = true;

  constructor(components: { readonly store: StateStore }) {
    this.#store = components.store;
  }

  get up(): boolean {
    return this.#answered;
  }

  async look(guests: readonly NamedGuest[]): Promise<readonly DeadManObservation[]> {
    return guests.map((named) => ({ guest: named.guest, state: this.#stateOf(named) }));
  }

  async suspend(named: NamedGuest): Promise<"done" | "failed"> {
    try {
      await this.#store.change((state) => {
        const domain = find(state.domains.values(), named);
        if (domain?.active !== undefined && domain.state === "running")
          state.domains.set(domain.name, { ...domain, state: "paused" });
      });
      this.#answered = true;
      return "done";
    } catch (error) {
      return this.#failed(error);
    }
  }

  kill(named: NamedGuest): "done" | "failed" {
    try {
      const domain = find(this.#store.read().domains.values(), named);
      if (domain?.run === undefined) return "done";
      const { name: guest, run } = domain;
      killRun(this.#store.path, run);
      if (this.#store.options.journal)
        appendExecutions(this.#store.path, [{ ms: monotonicMs(), guest, run, change: "killed" }]);
      return "done";
    } catch (error) {
      return this.#failed(error);
    }
  }

  async close(): Promise<void> {
    await this.#store.settled();
  }

  #stateOf(named: NamedGuest): DeadManObservation["state"] {
    try {
      const domain = find(this.#store.read().domains.values(), named);
      if (domain?.active === undefined) return "off";
      return domain.state === "paused" ? "paused" : "running";
    } catch (error) {
      this.#failed(error);
      return "unknown";
    }
  }

  #failed(error: unknown): "failed" {
    if (!(error instanceof AgentError) && !(error instanceof Error && "syscall" in error)) throw error;
    this.#answered = false;
    return "failed";
  }
}

/** By UUID where that is known, as libvirt finds a domain. */
function find(domains: Iterable<EmbeddedDomain>, { guest, uuid }: NamedGuest): EmbeddedDomain | undefined {
  return [...domains].find((domain) => (uuid === "" ? domain.name === guest : domain.uuid === uuid.toLowerCase()));
}
