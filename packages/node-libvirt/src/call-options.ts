/** What a caller may say of one call. */
export interface CallOptions {
  /** Gives up waiting. The daemon is not told: a call that was sent goes on there. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the answer, the time in the queue included. `Infinity` waits for ever. */
  readonly deadlineMs?: number | undefined;
}
