/** How long somebody waits: a deadline, an abort signal, whichever comes first. */

/** What a waiter may say. */
export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** `Infinity` or missing: for ever. */
  readonly deadlineMs?: number | undefined;
}

/** setTimeout's own limit, 24 days: what is longer would fire at once. */
const timerMaximumMs = 2 ** 31 - 1;

/**
 * Calls `giveUp` once, later, unless disarmed before. A signal which is aborted already must be looked at by the
 * caller: it gives no event any more.
 * @returns disarms both
 */
export function whenGivenUp(patience: Patience, giveUp: (code: "ABORTED" | "DEADLINE") => void): () => void {
  const { signal, deadlineMs = Number.POSITIVE_INFINITY } = patience;
  const timer =
    deadlineMs <= timerMaximumMs ? setTimeout(() => giveUp("DEADLINE"), Math.max(0, deadlineMs)) : undefined;
  const abort = () => giveUp("ABORTED");
  signal?.addEventListener("abort", abort, { once: true });
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  };
}
