/**
 * Keeps the protocol's picture of the hypervisors true: asks when something happened, and from time to time in any case.
 *
 * A list says nothing of an act that ended after it was asked for. So acts that end while a list is being made wait until
 * it is through, and then the next list is asked for: every list that is handed over was asked for after every end that was
 * handed over before. At most one list is being made at a time, and before the next one three times as long is waited as it
 * took to make and to tell, so that looking never takes more than a quarter of anybody's time.
 */
import { reasonOf } from "../agent-error.ts";
import type { HostLook } from "./host-hypervisors.ts";

/** Whom the observer asks and tells. */
export interface ObserverComponents {
  readonly look: () => Promise<HostLook>;
  readonly onLook: (look: HostLook) => void;
  /** Whether all hypervisors answer; with the reason when not. Told at every look. */
  readonly onReach: (problem: string | undefined) => void;
  /** Time between two looks when nothing happens, ms. */
  readonly idleMs: () => number;
}

/** A hypervisor that does not answer is asked again this soon, and later with each further time. */
const retryFirstMs = 250;
const retryMostMs = 2_000;

/**
 * How much longer than a look the rest after it is, and how long it is at most: the protocol repeats force whose effect it does
 * not see within a second.
 */
const restFactor = 3;
const restMostMs = 300;

/** One host's looking. */
export class Observer {
  readonly #parts: ObserverComponents;
  readonly #ended: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #again = false;
  #stopped = false;
  #failures = 0;
  #restUntilMs = 0;

  constructor(components: ObserverComponents) {
    this.#parts = components;
  }

  /** Something happened: look as soon as possible. */
  request(): void {
    if (this.#stopped) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#plan(Math.max(0, this.#restUntilMs - performance.now()));
  }

  /** An act ended; `tell` hands its end to the protocol, now or after the list that is being made. */
  actEnded(tell: () => void): void {
    if (this.#looking) this.#ended.push(tell);
    else tell();
    this.request();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #plan(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), waitMs);
  }

  async #look(): Promise<void> {
    if (this.#looking || this.#stopped) return;
    this.#looking = true;
    this.#again = false;
    const began = performance.now();
    const found = await this.#parts.look().then(
      (look) => ({ look }),
      (error: unknown) => ({ problem: reasonOf(error) }),
    );
    this.#looking = false;
    if (this.#stopped) return;
    if ("look" in found) {
      this.#failures = 0;
      this.#parts.onReach(undefined);
      this.#parts.onLook(found.look);
    } else {
      this.#failures += 1;
      this.#parts.onReach(found.problem);
    }
    this.#tellEnds();
    const now = performance.now();
    this.#restUntilMs = now + Math.min(restMostMs, restFactor * (now - began));
    this.#planNext();
  }

  #tellEnds(): void {
    const ends = this.#ended.splice(0);
    if (ends.length > 0) this.#again = true;
    for (const tell of ends) tell();
  }

  #planNext(): void {
    if (this.#failures > 0) this.#plan(Math.min(retryMostMs, retryFirstMs * 2 ** (this.#failures - 1)));
    else if (this.#again) this.#plan(Math.max(0, this.#restUntilMs - performance.now()));
    else this.#plan(this.#parts.idleMs());
  }
}
