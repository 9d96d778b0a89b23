import { expect, test } from "vitest";
import type { DeadManObservation } from "../src/dead-man/boundary.ts";
import { createDeadMan, type DeadManReady } from "../src/index.ts";
import type { DeadManFeed, FeedGuest } from "../src/ready.ts";

const process = { pid: 7, startTicks: 99 };
const guest = (name: string, change: Partial<FeedGuest> = {}): FeedGuest => ({
  guest: name,
  uuid: name,
  process,
  resumeInFlight: false,
  onIsolated: { kind: "pause" },
  ...change,
});
const feed = (deadlineMs: number, guests: readonly FeedGuest[], bootId = "b1"): DeadManFeed => ({
  bootId,
  deadline: { bootMs: deadlineMs, monoMs: deadlineMs },
  killMs: 500,
  stopMs: 1_000,
  pollMs: 100,
  guests,
});

/** A dead-man whose world is a table of guest states. */
class World {
  readonly deadMan = createDeadMan();
  file: DeadManFeed | undefined;
  states = new Map<string, DeadManObservation["state"]>();
  log: string[] = [];

  constructor(file: DeadManFeed | undefined, atMs: number, guests: readonly string[] = [], bootId = "b1") {
    this.file = file;
    for (const g of file?.guests ?? guests.map((name) => guest(name))) this.states.set(g.guest, "running");
    this.deadMan.step({ kind: "start", bootId, guests, ...(file === undefined ? {} : { feed: file }) }, clock(atMs));
    this.#take(atMs);
  }

  poll(atMs: number, monoMs = atMs): DeadManReady {
    const event = { kind: "poll", ...(this.file === undefined ? {} : { feed: this.file }) } as const;
    this.deadMan.step(event, clock(atMs, monoMs));
    return this.#take(atMs);
  }

  #take(atMs: number): DeadManReady {
    const ready = this.deadMan.takeReady();
    for (const act of ready.act) {
      if (act.kind !== "observe") this.log.push(`${atMs} ${act.kind} ${act.guest}`);
      else {
        const guests = [...this.states].map(([name, state]) => ({ guest: name, state, process }));
        this.deadMan.step({ kind: "observed", guests: guests.filter((g) => g.state !== "off") }, clock(atMs));
      }
    }
    return ready;
  }
}

const clock = (bootMs: number, monoMs = bootMs) => ({ bootMs, monoMs });

test("nothing is done before the deadline, and the watchdog is fed", () => {
  const w = new World(feed(5_000, [guest("a")]), 1_000);
  expect(w.poll(4_999).feedWatchdog).toBe(true);
  expect(w.log).toEqual([]);
});

test("at the deadline every protected guest is suspended", () => {
  const w = new World(feed(5_000, [guest("a"), guest("b")]), 1_000);
  w.poll(5_000);
  expect(w.log).toEqual(["5000 suspend a", "5000 suspend b"]);
});

test("the deadline has passed when the monotonic clock alone says so, and when boot-time alone does", () => {
  const mono = new World(feed(5_000, [guest("a")]), 1_000);
  mono.poll(2_000, 5_000);
  expect(mono.log).toEqual(["2000 suspend a"]);
  const boot = new World(feed(5_000, [guest("a")]), 1_000);
  boot.poll(5_000, 2_000);
  expect(boot.log).toEqual(["5000 suspend a"]);
});

test("a guest confirmed suspended is left alone, even past K", () => {
  const w = new World(feed(5_000, [guest("a")]), 1_000);
  w.poll(5_000);
  w.states.set("a", "paused");
  for (let at = 5_100; at <= 8_000; at += 100) expect(w.poll(at).feedWatchdog).toBe(true);
  expect(w.log).toEqual(["5000 suspend a", "5100 suspend a"]);
});

test("at +K1 whatever is not confirmed suspended is killed, by its process and not through libvirt", () => {
  const w = new World(feed(5_000, [guest("a")]), 1_000);
  w.states.set("a", "unknown");
  for (let at = 5_000; at <= 5_500; at += 100) w.poll(at);
  expect(w.log.at(-2)).toBe("5400 suspend a");
  expect(w.log.at(-1)).toBe("5500 kill a");
});

test("at +K the watchdog is no longer fed while anything is alive, and fed again when it is gone", () => {
  const w = new World(feed(5_000, [guest("a")]), 1_000);
  for (let at = 5_000; at < 6_000; at += 100) expect(w.poll(at).feedWatchdog).toBe(true);
  expect(w.poll(6_000).feedWatchdog).toBe(false);
  w.states.set("a", "off");
  w.poll(6_100);
  expect(w.poll(6_200).feedWatchdog).toBe(true);
});

test("a guest with a resume under way is not stopped by being paused: only its death counts", () => {
  const w = new World(feed(5_000, [guest("a", { resumeInFlight: true })]), 1_000);
  w.states.set("a", "paused");
  for (let at = 5_000; at <= 5_500; at += 100) w.poll(at);
  expect(w.log.at(-1)).toBe("5500 kill a");
});

test("at boot the deadline counts as passed: promised guests that run are suspended", () => {
  const w = new World(undefined, 100, ["a"]);
  expect(w.log).toEqual(["100 suspend a"]);
});

test("the file of another boot counts for nothing", () => {
  const w = new World(feed(9_000, [guest("a")], "b0"), 100, ["a"], "b1");
  expect(w.log).toEqual(["100 suspend a"]);
});

test("a file that cannot be read leaves the last deadline in force", () => {
  const w = new World(feed(5_000, [guest("a")]), 1_000);
  w.poll(1_100);
  w.file = undefined;
  w.poll(4_000);
  expect(w.log).toEqual([]);
  w.poll(5_000);
  expect(w.log).toEqual(["5000 suspend a"]);
});

test("a deadline that moves on ends the watch: nothing more is suspended", () => {
  const w = new World(feed(5_000, [guest("a")]), 1_000);
  w.poll(5_000);
  w.file = feed(9_000, [guest("a")]);
  w.poll(5_100);
  expect(w.log).toEqual(["5000 suspend a"]);
});

test("somebody who resumes a guest by hand after the deadline finds it suspended again, then killed", () => {
  const w = new World(feed(5_000, [guest("a")]), 1_000);
  w.poll(5_000);
  w.states.set("a", "paused");
  for (let at = 5_100; at <= 6_000; at += 100) w.poll(at);
  w.states.set("a", "running");
  for (let at = 6_100; at <= 6_800; at += 100) w.poll(at);
  expect(w.log.slice(2)).toContain("6800 kill a");
  expect(w.log.slice(2)[0]).toMatch(/suspend a$/);
});

test("on_isolated down kills at the deadline, pause_then_down after its time", () => {
  const down = new World(feed(5_000, [guest("a", { onIsolated: { kind: "down" } })]), 1_000);
  down.poll(5_000);
  expect(down.log).toEqual(["5000 kill a"]);
  const later = new World(
    feed(5_000, [guest("a", { onIsolated: { kind: "pause-then-down", afterMs: 3_000 } })]),
    1_000,
  );
  later.poll(5_000);
  later.states.set("a", "paused");
  for (let at = 5_100; at <= 8_000; at += 100) later.poll(at);
  expect(later.log.at(-1)).toBe("8000 kill a");
  expect(later.log.filter((line) => line.includes("kill"))).toHaveLength(1);
});

test("a guest that is listed only after the deadline gets its own time to be suspended before it is killed", () => {
  const w = new World(feed(5_000, [guest("a")]), 1_000);
  w.poll(5_000);
  w.states.set("a", "paused");
  w.poll(5_100);
  w.file = feed(5_000, [guest("a"), guest("b")]);
  w.states.set("b", "running");
  expect(w.poll(9_000).feedWatchdog).toBe(true);
  expect(w.log.at(-1)).toBe("9000 suspend b");
});

test("it goes on with what it knows when the agent never writes again", () => {
  const w = new World(feed(5_000, [guest("a")]), 1_000);
  w.poll(5_000);
  w.poll(5_600);
  expect(w.log.at(-1)).toBe("5600 kill a");
});
