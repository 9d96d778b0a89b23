import { statSync } from "node:fs";
import { guestTypes } from "@berth/model";
import type { HostFacts, PolicyWorld } from "@berth/policy";
import type { HypervisorFacts } from "./host-facts/host-facts.ts";
import type { PolicyLoad } from "./policy-load-types.ts";

/**
 * Most passes of a long-lived process find the policy as the last one left it. Evaluation depends on the policy's
 * files, on the facts of this host, and on what the policy itself looked at (files, names, commands); when none of
 * them changed, the last result still holds, and evaluating 1000 guests anew would take longer than all the rest.
 *
 * Time is a fact too. A policy in which no class or function of time can be meant is not bound to the minute; any
 * other is evaluated anew as soon as the clock shows another minute.
 */
export class PolicyMemo {
  /** A policy mentioned classes that only the hypervisors can decide, so they are asked before every pass. */
  heedsHypervisors = false;
  #last: Remembered | undefined;
  #watched: WatchedWorld | undefined;
  #answered: HypervisorFacts;

  /** @param earlier what the hypervisors are known to have been before this process. @default nothing is known */
  constructor(earlier: HypervisorFacts = { hypervisors: [] }) {
    this.#answered = earlier;
  }

  /**
   * What answers now, and what answered before. A daemon that is restarted is away for a moment, and its host is no other host
   * for that: a class that fell with it would send the guests away that run on.
   */
  withEarlier(now: HypervisorFacts): HypervisorFacts {
    const { hypervisors } = this.#answered;
    this.#answered = {
      ...this.#answered,
      ...now,
      hypervisors: guestTypes.filter((type) => now.hypervisors.includes(type) || hypervisors.includes(type)),
    };
    return this.#answered;
  }

  /** False once a file that the last evaluation looked at is no longer what it was then, or has come or gone. */
  get isCurrent(): boolean {
    return this.#watched?.isUnchanged() ?? true;
  }

  /** How the files that the last evaluation looked at stand now: equal texts, equal files. */
  get stamp(): string {
    return this.#watched?.stampNow() ?? "";
  }

  /** The last load where nothing it came from changed since; otherwise that of `evaluate`, remembered. */
  async remember(
    request: unknown,
    facts: HostFacts,
    world: PolicyWorld,
    evaluate: (world: PolicyWorld) => Promise<PolicyLoad>,
  ): Promise<PolicyLoad> {
    const last = this.#last;
    if (last !== undefined && last.key === memoKey(request, facts, last.heedsTime) && last.watched.isUnchanged()) {
      return last.load;
    }
    const watched = new WatchedWorld(world);
    this.#watched = watched;
    const load = await evaluate(watched.world);
    const heedsTime = [...load.sources.values()].some((text) => timeWords.test(text));
    const key = memoKey(request, facts, heedsTime);
    this.#last = watched.isRepeatable ? { key, heedsTime, watched, load } : undefined;
    return load;
  }
}

interface Remembered {
  readonly key: string;
  readonly heedsTime: boolean;
  readonly watched: WatchedWorld;
  readonly load: PolicyLoad;
}

/** Words of time classes (`Hr16`, `Min40_45`, `Sunday`), of functions and variables of time, and of chance. */
const timeWords =
  /GMT|Lcycle|Morning|Afternoon|Evening|Night|Hr|Min|Q[1-4]|Day|Yr|day\b|January|February|March|April|May|June|July|August|September|October|November|December|date|time|now|ago|\bon\(|random/;

function memoKey(request: unknown, facts: HostFacts, heedsTime: boolean): string {
  const { localTime, gmtTime: _, epochSeconds: __, ...lasting } = facts;
  const { second: ___, ...minute } = localTime;
  // Within the hour even without such words: a class name may be put together from parts that are no words.
  const { minute: ____, ...hour } = minute;
  return JSON.stringify([request, lasting, heedsTime ? minute : hour]);
}

/** A policy's view of the world that remembers what was looked at. */
class WatchedWorld {
  readonly world: PolicyWorld;
  /** False once something was asked that may answer differently each time. */
  isRepeatable = true;
  readonly #stamps = new Map<string, string>();

  constructor(world: PolicyWorld) {
    this.world = {
      readFile: (path) => {
        this.#watch(path);
        return world.readFile(path);
      },
      fileStatus: (path) => {
        this.#watch(path);
        return world.fileStatus(path);
      },
      resolveHost: (name) => {
        this.#watch("/etc/hosts");
        return world.resolveHost?.(name);
      },
      environmentVariable: (name) => world.environmentVariable?.(name),
      runCommand: (command, shell) => {
        this.isRepeatable = false;
        return world.runCommand?.(command, shell) ?? { ok: false, output: "" };
      },
    };
  }

  isUnchanged(): boolean {
    return [...this.#stamps].every(([path, stamp]) => stampOf(path) === stamp);
  }

  stampNow(): string {
    return [...this.#stamps.keys()].map((path) => `${path} ${stampOf(path)}`).join("\n");
  }

  #watch(path: string): void {
    const stamp = stampOf(path);
    // Files of /proc and devices change without a sign.
    if (path.startsWith("/proc/") || path.startsWith("/sys/")) this.isRepeatable = false;
    if (this.#stamps.has(path) && this.#stamps.get(path) !== stamp) this.isRepeatable = false;
    this.#stamps.set(path, stamp);
  }
}

/** Which content a path has: another one has another inode, size or time of change. */
function stampOf(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs, mode } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs} ${mode}`;
  } catch {
    return "absent";
  }
}
