/** Asks one agent again and again what it knows. An agent that does not answer is what the simulation is about: no error. */

import { monotonicMs } from "@berth/agent/adapters/embedded/execution-journal";
import { AgentError } from "@berth/agent/agent-error";
import type { AgentClient } from "@berth/agent/api/client";
import type { AgentWord } from "./simulation-status.ts";

/** What an agent told of an event. */
export interface AgentTold {
  readonly at: string;
  readonly level: string;
  readonly code: string;
  readonly text: string;
  readonly guest?: string;
}

/** States of a promise in which a guest runs where its host's class holds. */
const runs: ReadonlySet<string> = new Set(["create", "running"]);

/** The last word of one agent. */
export class AgentWatch {
  readonly #client: AgentClient;
  readonly #onEvent: (event: AgentTold) => void;
  #word: (Omit<AgentWord, "ageMs"> & { readonly atMs: number }) | undefined;
  #asking = false;
  #lastId = 0;

  constructor(components: { readonly client: AgentClient; readonly onEvent: (event: AgentTold) => void }) {
    this.#client = components.client;
    this.#onEvent = components.onEvent;
  }

  /** Begins to ask, unless an earlier question waits for its answer still. */
  ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    void this.#ask().finally(() => {
      this.#asking = false;
    });
  }

  /** What it said last; a lease goes on running down while the agent is silent. */
  get word(): AgentWord | undefined {
    if (this.#word === undefined) return undefined;
    const { atMs, ...word } = this.#word;
    const ageMs = monotonicMs() - atMs;
    return { ...word, ageMs, leaseRemainingMs: Math.max(0, word.leaseRemainingMs - ageMs) };
  }

  /** Without power nothing that was said holds. */
  forget(): void {
    this.#word = undefined;
  }

  async #ask(): Promise<void> {
    try {
      const { claims, peers, degraded, self, policy } = await this.#client.snapshot();
      const guests = policy.promises.filter(({ kind }) => kind === "guest");
      this.#word = {
        atMs: monotonicMs(),
        leaseRemainingMs: claims.leaseRemainingMs,
        voter: claims.config.voters.some(({ host }) => host === self),
        hears: peers.filter(({ state }) => state === "up").map(({ member }) => member.hostId),
        degraded,
        promised: guests.map(({ name }) => name),
        wanted: guests.filter(({ state, hostHolds }) => hostHolds && runs.has(state)).map(({ name }) => name),
      };
      await this.#askEvents();
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
    }
  }

  /** Numbers go on over lives of the agent. */
  async #askEvents(): Promise<void> {
    const { items } = await this.#client.events({ sinceId: this.#lastId });
    for (const event of items) {
      this.#lastId = Math.max(this.#lastId, event.id);
      this.#onEvent(event);
    }
  }
}
