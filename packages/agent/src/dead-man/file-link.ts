import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DeadManFeed, Now } from "@berth/claims";
import { AgentError, reasonOf } from "../agent-error.ts";
import type { DeadManHeartbeat, DeadManLink, DeadManSign } from "../ports/dead-man-link.ts";
import { readTmpfsFile, replaceTmpfsFile } from "./tmpfs-file.ts";

/** The two files in the run directory: the agent replaces `feed`, the dead-man `heartbeat`. */
export function deadManPaths(runDir: string): { readonly feed: string; readonly heartbeat: string } {
  return { feed: join(runDir, "dead-man-feed"), heartbeat: join(runDir, "dead-man-heartbeat") };
}

/** How far a reading of the other process may lie ahead of ours: two ticks of the coarser clock. */
const clockToleranceMs = 20;
/** Behind ours by more than this it is old, whatever its number. @default 2 s: what the protocol takes for alive */
const aliveMs = 2_000;

/**
 * The agent's side. Makes the run directory, which must be on a tmpfs: a feed that outlived a boot is recognised by its
 * boot id, but writing it to a disk would wait for the disk.
 * @throws AgentError DEAD_MAN_FEED_FAILED when the directory cannot be made
 */
export function openDeadManLink(runDir: string, bootId: string): DeadManLink {
  try {
    mkdirSync(runDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw feedFailed(runDir, cause);
  }
  return new FileLink({ paths: deadManPaths(runDir), bootId });
}

class FileLink implements DeadManLink {
  readonly #paths: { readonly feed: string; readonly heartbeat: string };
  readonly #bootId: string;
  #seen = "";

  constructor(components: {
    readonly paths: { readonly feed: string; readonly heartbeat: string };
    readonly bootId: string;
  }) {
    this.#paths = components.paths;
    this.#bootId = components.bootId;
  }

  readFeed(): DeadManFeed | undefined {
    const feed = readTmpfsFile(this.#paths.feed) as DeadManFeed | undefined;
    return feed?.bootId === this.#bootId ? feed : undefined;
  }

  writeFeed(feed: DeadManFeed): void {
    try {
      replaceTmpfsFile(this.#paths.feed, feed);
    } catch (cause) {
      throw feedFailed(this.#paths.feed, cause);
    }
  }

  sign(clock: () => Now): DeadManSign {
    const heartbeat = readTmpfsFile(this.#paths.heartbeat) as DeadManHeartbeat | undefined;
    const now = clock();
    if (heartbeat === undefined || heartbeat.bootId !== this.#bootId) return { kind: "absent" };
    const differenceMs = clockDifferenceMs(heartbeat.at, now);
    if (differenceMs > clockToleranceMs) return { kind: "other-clocks", differenceMs };
    const name = `${heartbeat.pid}/${heartbeat.poll}`;
    const ageMs = Math.max(0, now.bootMs - heartbeat.at.bootMs);
    if (name === this.#seen || ageMs > aliveMs) return { kind: "silent", ageMs };
    this.#seen = name;
    return { kind: "alive", heartbeat };
  }
}

/**
 * By how much the other's clocks cannot be ours: a moment that has not come yet here, or a sleep of the machine that only
 * one of them counts. A sleep since that reading only makes ours larger.
 */
function clockDifferenceMs(theirs: Now, ours: Now): number {
  const future = Math.max(0, theirs.bootMs - ours.bootMs, theirs.monoMs - ours.monoMs);
  const slept = theirs.bootMs - theirs.monoMs - (ours.bootMs - ours.monoMs);
  return Math.max(future, slept);
}

function feedFailed(path: string, cause: unknown): AgentError {
  return new AgentError("DEAD_MAN_FEED_FAILED", `the dead-man cannot be fed: ${path}: ${reasonOf(cause)}`, {
    cause,
    remedy:
      "make the run directory a writable tmpfs owned by this user; until then every guest here stops at the deadline",
  });
}
