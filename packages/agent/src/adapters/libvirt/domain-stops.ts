/** What ended the wait for a domain to stop. */
export type StopOutcome = "stopped" | "timeout" | "aborted" | "lost";

/** A wait for one domain, set up before the domain is asked, so that no event can be missed. */
export interface ExpectedStop {
  within(timeoutMs: number, signal?: AbortSignal): Promise<StopOutcome>;
  cancel(): void;
}

/** Hands lifecycle events to those who wait for a domain to stop. */
export class DomainStops {
  readonly #waiting = new Map<string, Set<(outcome: StopOutcome) => void>>();

  expect(uuid: string): ExpectedStop {
    const { promise, resolve } = Promise.withResolvers<StopOutcome>();
    const waiters = this.#waiting.get(uuid) ?? new Set();
    this.#waiting.set(uuid, waiters.add(resolve));
    let timer: NodeJS.Timeout | undefined;
    return {
      within: (timeoutMs, signal) => {
        timer = setTimeout(resolve, timeoutMs, "timeout");
        if (signal?.aborted === true) resolve("aborted");
        signal?.addEventListener("abort", () => resolve("aborted"), { once: true });
        return promise;
      },
      cancel: () => {
        clearTimeout(timer);
        waiters.delete(resolve);
        if (waiters.size === 0 && this.#waiting.get(uuid) === waiters) this.#waiting.delete(uuid);
      },
    };
  }

  /** A `stopped` event came. */
  stopped(uuid: string): void {
    for (const resolve of this.#waiting.get(uuid) ?? []) resolve("stopped");
  }

  /** The connection that brings the events is gone. */
  lost(): void {
    for (const waiters of this.#waiting.values()) for (const resolve of waiters) resolve("lost");
  }
}
