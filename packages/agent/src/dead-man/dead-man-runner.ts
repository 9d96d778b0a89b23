import {
  type DeadMan,
  type DeadManAct,
  type DeadManFeed,
  type DeadManReady,
  type GuestId,
  holderRemainingMs,
  type Note,
  type Now,
  type ProcessIdentity,
} from "@berth/claims";
import type { DeadManHeartbeat } from "../ports/dead-man-link.ts";
import type { HostClock } from "../ports/host-clock.ts";
import type { GuestHand } from "./guest-hand.ts";
import type { LookedFor } from "./guest-look.ts";
import type { WatchdogDevice } from "./watchdog-device.ts";

/** What the runner works with. */
export interface RunnerComponents {
  readonly machine: DeadMan;
  readonly clock: HostClock;
  readonly hand: GuestHand;
  readonly watchdog: WatchdogDevice;
  /** The feed as it stands now; undefined when absent or damaged. */
  readonly readFeed: () => DeadManFeed | undefined;
  readonly writeHeartbeat: (heartbeat: DeadManHeartbeat) => void;
  readonly log: (note: Note) => void;
}

/** Facts of this start. */
export interface RunnerInit {
  readonly bootId: string;
  /** Guests that this host owned when the store was last written. */
  readonly guests: readonly GuestId[];
  readonly degraded: readonly string[];
  readonly watchdogTimeoutMs?: number;
}

/**
 * Drives the dead-man's machine: polls it, kills at once, suspends and looks beside the polling, so that nothing that
 * libvirt does or does not do can hold up the next poll.
 */
export class DeadManRunner {
  readonly #parts: RunnerComponents;
  readonly #init: RunnerInit;
  readonly #processes = new Map<GuestId, ProcessIdentity>();
  #feed: DeadManFeed | undefined;
  #timer: NodeJS.Timeout | undefined;
  #polls = 0;
  #looking = false;

  constructor(components: RunnerComponents, init: RunnerInit) {
    this.#parts = components;
    this.#init = init;
  }

  start(): void {
    const { bootId, guests } = this.#init;
    this.#turn((feed) => ({ kind: "start", bootId, guests, ...feed }));
  }

  /**
   * Ends the polling. The watchdog device is disarmed only if no guest depends on it: none of those listed has a process
   * left, as at the end of a host's shutdown, which the device would otherwise cut short.
   */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    const { hand, watchdog, log } = this.#parts;
    const left = (await hand.look(this.#guests())).filter(({ state }) => state !== "off");
    if (left.length === 0) watchdog.disarm();
    else if (watchdog.state === "fed")
      log({ level: "warning", code: "WATCHDOG_ARMED", text: `${left.length} guests live: the device stays armed` });
    await hand.close();
  }

  #turn(event: (feed: { feed?: DeadManFeed }) => Parameters<DeadMan["step"]>[0]): void {
    const { machine, clock } = this.#parts;
    const feed = this.#readFeed();
    const now = clock.now();
    machine.step(event(feed === undefined ? {} : { feed }), now);
    const ready = machine.takeReady();
    this.#carryOut(ready, now);
    this.#polls += 1;
    this.#beat(now);
    this.#timer = setTimeout(() => this.#turn((f) => ({ kind: "poll", ...f })), this.#waitMs(ready, now));
  }

  /** The file of another boot is nobody's; one that cannot be read leaves the last one in force. */
  #readFeed(): DeadManFeed | undefined {
    const feed = this.#parts.readFeed();
    if (feed?.bootId === this.#init.bootId) this.#feed = feed;
    return feed;
  }

  /** Until the next poll, or until the deadline if that comes first: so a poll is not added to every pause. */
  #waitMs(ready: DeadManReady, now: Now): number {
    const pollMs = ready.nextWakeMs - now.bootMs;
    const deadlineMs = this.#feed === undefined ? 0 : holderRemainingMs(this.#feed.deadline, now);
    return Math.max(1, deadlineMs > 0 ? Math.min(pollMs, deadlineMs + 1) : pollMs);
  }

  #carryOut(ready: DeadManReady, now: Now): void {
    for (const act of ready.act) this.#act(act);
    if (ready.feedWatchdog) this.#parts.watchdog.feed(now.bootMs);
    else this.#parts.watchdog.starve();
    for (const note of ready.notes) this.#parts.log(note);
  }

  #act(act: DeadManAct): void {
    switch (act.kind) {
      case "kill":
        this.#kill(act.guest, act.process);
        return;
      case "suspend":
        void this.#parts.hand.suspend({ guest: act.guest, uuid: this.#uuidOf(act.guest) });
        return;
      case "observe":
        void this.#look();
        return;
    }
  }

  #kill(guest: GuestId, recorded: ProcessIdentity | undefined): void {
    if (this.#parts.hand.kill({ guest, uuid: this.#uuidOf(guest) }, recorded) === "failed")
      this.#parts.log({ level: "alarm", code: "KILL_FAILED", text: `${guest}: the kernel refuses the kill`, guest });
  }

  /** One look at a time; the machine asks again at every poll while it needs one. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const observed = await this.#parts.hand.look(this.#guests());
    this.#looking = false;
    for (const { guest, process } of observed) if (process !== undefined) this.#processes.set(guest, process);
    const now = this.#parts.clock.now();
    this.#parts.machine.step({ kind: "observed", guests: observed }, now);
  }

  #guests(): readonly LookedFor[] {
    const listed = this.#feed?.guests ?? this.#init.guests.map((guest) => ({ guest, uuid: "", process: undefined }));
    return listed.map(({ guest, uuid, process }) => {
      const known = process ?? this.#processes.get(guest);
      return known === undefined ? { guest, uuid } : { guest, uuid, process: known };
    });
  }

  #uuidOf(guest: GuestId): string {
    return this.#feed?.guests.find((listed) => listed.guest === guest)?.uuid ?? "";
  }

  #beat(now: Now): void {
    const { watchdog, hand } = this.#parts;
    const { bootId, degraded, watchdogTimeoutMs } = this.#init;
    const expired = this.#feed === undefined || holderRemainingMs(this.#feed.deadline, now) <= 0;
    this.#parts.writeHeartbeat({
      pid: process.pid,
      poll: this.#polls,
      bootId,
      at: now,
      expired,
      libvirtUp: hand.up,
      watchdog: watchdog.state,
      ...(watchdogTimeoutMs === undefined ? {} : { watchdogTimeoutMs }),
      degraded: watchdog.reason === "" ? degraded : [...degraded, watchdog.reason],
    });
  }
}
