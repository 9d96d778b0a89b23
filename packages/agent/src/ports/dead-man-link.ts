import type { DeadManFeed, Now } from "@berth/claims";

/** What the dead-man says of itself at every poll. */
export interface DeadManHeartbeat {
  readonly pid: number;
  /** Grows by one with every poll; begins again with another `pid` when the dead-man was restarted. */
  readonly poll: number;
  readonly bootId: string;
  /** The dead-man's own clocks at this poll. */
  readonly at: Now;
  /** The deadline in its file has passed, or there is none: protected guests are being stopped. */
  readonly expired: boolean;
  /** Whether its own libvirt connection works. Without one it cannot suspend, only kill. */
  readonly libvirtUp: boolean;
  /** `absent`: none is configured. `failed`: it cannot be opened or written. `stopped`: the host must reset now. */
  readonly watchdog: "fed" | "stopped" | "failed" | "absent";
  /** What the device waits before it resets the host; absent where the kernel does not tell. Must not exceed W. */
  readonly watchdogTimeoutMs?: number;
  /** What it could not do for itself, in words: priority, watchdog, kill permission. Empty when all is well. */
  readonly degraded: readonly string[];
}

/** What the agent may conclude from the last heartbeat. */
export type DeadManSign =
  /** A poll that was not seen before, recent by this process's own clocks. Becomes one `dead-man-alive` event. */
  | { readonly kind: "alive"; readonly heartbeat: DeadManHeartbeat }
  /** Nothing new since the last call. */
  | { readonly kind: "silent"; readonly ageMs: number }
  /** No file, or one of another boot, or one that cannot be read. */
  | { readonly kind: "absent" }
  /** Its clocks are not this process's (another time namespace): deadlines would mean something else to it. */
  | { readonly kind: "other-clocks"; readonly differenceMs: number };

/** The agent's side of the dead-man's files in tmpfs. Synchronous: the files are small and in memory. */
export interface DeadManLink {
  /** The feed that an earlier life left in this boot, for the `start` event. Undefined when absent or damaged. */
  readFeed(): DeadManFeed | undefined;
  /** Replaces the feed; the dead-man's next poll sees it. @throws AgentError DEAD_MAN_FEED_FAILED */
  writeFeed(feed: DeadManFeed): void;
  /**
   * Reads the heartbeat, and the clock after it: a process that is preempted in between would else take its own past for
   * another clock. Call every 100 to 500 ms.
   */
  sign(clock: () => Now): DeadManSign;
}
