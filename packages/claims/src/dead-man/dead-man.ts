/**
 * The dead-man: one absolute deadline, and what to do when it has passed.
 *
 * It is the half of the promise that does not depend on the agent being alive. The agent moves the deadline forward with
 * every lease; when the agent is stopped, killed, busy or cut off, the deadline stays where it is and passes. Then every
 * protected guest is suspended at once (+0), whatever is not confirmed stopped is killed (+K1), and if anything is still
 * alive the watchdog device is no longer fed and the host resets (+K). It trusts only what it sees (section 5).
 */
import type { DeadManFeed, FeedGuest, Note } from "../ready.ts";
import type { Rules } from "../rules.ts";
import { holderRemainingMs, type Now } from "../time.ts";
import type { GuestId, ProcessIdentity } from "../words.ts";
import type { DeadManAct, DeadManEvent, DeadManObservation, DeadManReady } from "./boundary.ts";

/** What the dead-man keeps of one guest while the deadline is passed. */
interface Watched {
  readonly guest: FeedGuest;
  /** Boot-time moment from which K1 and K count: the deadline, or when it first had to watch it. */
  readonly sinceMs: number;
  state: DeadManObservation["state"] | undefined;
  process: ProcessIdentity | undefined;
  /** A suspend was ordered at an earlier poll: the next step is the kill. */
  suspendAsked: boolean;
}

/** Times used before the agent ever wrote its file: those of the default profile. */
const bootTimes = { killMs: 500, stopMs: 1_000, pollMs: 100 };
/** With everything confirmed stopped it looks again this often, for somebody who resumes by hand. */
const calmLookMs = 500;

/** The machine: `step` with each event, then `takeReady`. */
export class DeadMan {
  readonly #rules: Rules;
  #bootId = "";
  #feed: DeadManFeed | undefined;
  #bootGuests: readonly GuestId[] = [];
  #startedMs = 0;
  #watched = new Map<GuestId, Watched>();
  #expired = false;
  #feedWatchdog = true;
  #nextWakeMs = 0;
  #nextLookMs = 0;
  #acts: DeadManAct[] = [];
  #notes: Note[] = [];

  constructor(components: { readonly rules: Rules }) {
    this.#rules = components.rules;
  }

  step(event: DeadManEvent, now: Now): void {
    switch (event.kind) {
      case "start":
        this.#bootId = event.bootId;
        this.#bootGuests = event.guests;
        this.#startedMs = now.bootMs;
        this.#take(event.feed);
        this.#poll(now);
        return;
      case "poll":
        this.#take(event.feed);
        this.#poll(now);
        return;
      case "observed":
        this.#observed(event.guests, now);
        return;
      case "act-done":
        return;
    }
  }

  takeReady(): DeadManReady {
    const ready = {
      act: this.#acts,
      feedWatchdog: this.#feedWatchdog,
      notes: this.#notes,
      nextWakeMs: this.#nextWakeMs,
    };
    this.#acts = [];
    this.#notes = [];
    return ready;
  }

  /** A file that cannot be read leaves the last one in force; the file of another boot was never one. */
  #take(feed: DeadManFeed | undefined): void {
    if (this.#rules.feedCounts(feed, this.#bootId)) this.#feed = feed;
  }

  #poll(now: Now): void {
    const pollMs = this.#feed?.pollMs ?? bootTimes.pollMs;
    this.#nextWakeMs = now.bootMs + pollMs;
    const expired = this.#feed === undefined || this.#rules.holderPassed(this.#feed.deadline, now);
    if (expired !== this.#expired) this.#turn(expired);
    if (!expired) {
      this.#feedWatchdog = true;
      return;
    }
    this.#watch(now);
    this.#enforce(now);
  }

  #turn(expired: boolean): void {
    this.#expired = expired;
    this.#watched.clear();
    this.#nextLookMs = 0;
    this.#note(
      expired ? "warning" : "info",
      expired ? "DEADLINE_PASSED" : "DEADLINE_AHEAD",
      expired ? `the lease is over: ${this.#listed().length} protected guests must stop` : "a lease holds",
    );
  }

  #listed(): readonly FeedGuest[] {
    return this.#feed?.guests ?? this.#bootGuests.map(asFeedGuest);
  }

  /** The guests to stop now; those already watched keep what is known of them. */
  #watch(now: Now): void {
    const listed = this.#listed();
    const before = this.#watched;
    this.#watched = new Map();
    for (const guest of listed) {
      const known = before.get(guest.guest);
      const sinceMs = known?.sinceMs ?? this.#sinceMs(before.size === 0, now);
      // What the dead-man last saw itself outranks the file: somebody may have started another process by hand.
      const process = known?.process ?? guest.process;
      const { state, suspendAsked } = known ?? { state: undefined, suspendAsked: false };
      this.#watched.set(guest.guest, { guest, sinceMs, state, process, suspendAsked });
    }
  }

  /** K1 and K count from the deadline; for a guest that is listed only afterwards, from when it is. */
  #sinceMs(first: boolean, now: Now): number {
    if (this.#feed === undefined) return this.#startedMs;
    if (!first || this.#feed.deadline.bootMs === 0) return now.bootMs;
    return now.bootMs + Math.min(0, holderRemainingMs(this.#feed.deadline, now));
  }

  #enforce(now: Now): void {
    const { killMs, stopMs } = this.#feed ?? bootTimes;
    let unstopped = 0;
    let pastStop = false;
    for (const w of this.#watched.values()) {
      const down = this.#mustGoDown(w, now);
      const stopped = w.state !== undefined && this.#rules.isStopped(w.guest, w.state) && !(down && w.state !== "off");
      if (stopped) {
        w.suspendAsked = false;
        continue;
      }
      unstopped += 1;
      const lateMs = now.bootMs - w.sinceMs;
      pastStop ||= lateMs >= stopMs;
      const kill = down || (lateMs >= killMs && w.suspendAsked && this.#rules.killsUnconfirmed());
      if (kill) this.#kill(w, down ? "policy says down" : "not confirmed stopped in time");
      else this.#acts.push({ kind: "suspend", guest: w.guest.guest });
      w.suspendAsked = true;
    }
    const feed = this.#rules.feedsWatchdog(unstopped, pastStop);
    if (!feed && this.#feedWatchdog)
      this.#note("alarm", "WATCHDOG_STOPPED", `${unstopped} guests cannot be stopped; the host must reset`);
    this.#feedWatchdog = feed;
    if (unstopped > 0 || now.bootMs >= this.#nextLookMs) {
      this.#acts.push({ kind: "observe" });
      this.#nextLookMs = now.bootMs + calmLookMs;
    }
  }

  /** `on_isolated: down`, and `pause_then_down` after its time. */
  #mustGoDown(w: Watched, now: Now): boolean {
    const { onIsolated } = w.guest;
    if (onIsolated.kind === "down") return true;
    return onIsolated.kind === "pause-then-down" && now.bootMs - w.sinceMs >= onIsolated.afterMs;
  }

  #kill(w: Watched, why: string): void {
    const { guest } = w.guest;
    this.#acts.push(w.process === undefined ? { kind: "kill", guest } : { kind: "kill", guest, process: w.process });
    this.#note("alarm", "KILLED", `${guest}: ${why}: killed`, guest);
  }

  #observed(observed: readonly DeadManObservation[], _now: Now): void {
    const seen = new Map(observed.map((o) => [o.guest, o]));
    for (const w of this.#watched.values()) {
      const o = seen.get(w.guest.guest);
      w.state = o?.state ?? "off";
      if (o?.process !== undefined) w.process = o.process;
    }
  }

  #note(level: Note["level"], code: string, text: string, guest?: GuestId): void {
    this.#notes.push(guest === undefined ? { level, code, text } : { level, code, text, guest });
  }
}

function asFeedGuest(guest: GuestId): FeedGuest {
  return { guest, uuid: "", resumeInFlight: false, onIsolated: { kind: "pause" } };
}
