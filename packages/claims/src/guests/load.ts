/**
 * What this host carries: how many guests, and how much memory is spoken for that nothing uses yet. Kept guest by guest as each
 * is looked at, so that a fleet's worth of guests in one step is spread by what was claimed a moment before.
 */
import type { Claimant } from "../claimant/claimant.ts";
import type { Circumstances } from "./parts.ts";
import { type GuestState, isActive, ruling } from "./state.ts";

/** Keeps {@link Circumstances.load} and {@link Circumstances.memoryPendingKib} true. */
export class LoadCount {
  readonly #claimant: Pick<Claimant, "isTrying">;
  readonly #here: Circumstances;
  /** What the others were last told: a claim under way counts before it is won, so this host's own numbers are no guide. */
  #told = { load: 0, memoryPendingKib: 0 };

  constructor(components: { readonly claimant: Pick<Claimant, "isTrying">; readonly here: Circumstances }) {
    this.#claimant = components.claimant;
    this.#here = components.here;
  }

  /** Counts one guest anew. */
  count(g: GuestState): void {
    const claiming = g.phase === "claiming" && this.#claimant.isTrying(g.guest);
    const load = g.owned !== undefined || g.adopting !== undefined || claiming ? 1 : 0;
    const waits = load === 1 && !isActive(g);
    const memoryPendingKib = waits ? (ruling(g)?.memoryKib ?? 0) : 0;
    const pending = waits && g.startFailures === 0 ? 1 : 0;
    this.#here.load += load - g.counted.load;
    this.#here.memoryPendingKib += memoryPendingKib - g.counted.memoryPendingKib;
    this.#here.pending += pending - g.counted.pending;
    const { counted } = g;
    if (counted.load !== load || counted.memoryPendingKib !== memoryPendingKib || counted.pending !== pending)
      g.counted = { load, memoryPendingKib, pending };
  }

  /** Whether the others should hear of it; true once after each change. */
  takeNews(): boolean {
    const { load, memoryPendingKib } = this.#here;
    if (load === this.#told.load && memoryPendingKib === this.#told.memoryPendingKib) return false;
    this.#told = { load, memoryPendingKib };
    return true;
  }
}
