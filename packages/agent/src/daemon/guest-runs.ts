import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import type { ObservedDomain } from "@berth/model";
import { guestProcess, isAlive, type ProcessPlaces } from "../dead-man/guest-process.ts";
import type { GuestRun } from "./guest-observations.ts";

/** Ticks of `/proc/PID/stat` in a second: 100 on every Linux architecture (sysconf(_SC_CLK_TCK)). */
const ticksPerSecond = 100;

interface KnownRun extends GuestRun {
  readonly uuid: string;
  /** The hypervisor's number of it. */
  readonly run: number | undefined;
  /** When its process was last seen, or looked for. */
  atMs: number;
  readonly sought: number;
}

/** A run whose process is known is believed this long before its process is looked at again. @default 10 s */
const believedMs = 10_000;
/** Right after a start the pid file may not be there yet, so it is looked for again soon; a driver without any has none. */
const searchMs = 1_000;
const searches = 3;

/**
 * Which process runs which guest, and since when. Found by libvirt's pid files once per run and remembered: to look for a
 * thousand of them at each look would cost more than everything else. A lifecycle event makes it forget.
 */
export class GuestRuns {
  readonly #places: ProcessPlaces;
  readonly #nowMs: () => number;
  readonly #known = new Map<string, KnownRun>();

  constructor(components: { readonly places?: ProcessPlaces; readonly nowMs: () => number }) {
    this.#places = components.places ?? {};
    this.#nowMs = components.nowMs;
  }

  of({ name, uuid, run }: Pick<ObservedDomain, "name" | "uuid" | "run">): GuestRun {
    const nowMs = this.#nowMs();
    const known = this.#known.get(name);
    if (known !== undefined && known.uuid === uuid && known.run === run && this.#isCurrent(known, nowMs)) return known;
    const process = guestProcess({ guest: name, uuid }, this.#places);
    const same = known?.uuid === uuid && known.run === run && known.process?.pid === process?.pid;
    const startedAtMs = same ? known.startedAtMs : startOf(process?.startTicks);
    const sought = same ? known.sought + 1 : 1;
    const found = { uuid, run, atMs: nowMs, sought, startedAtMs, ...(process === undefined ? {} : { process }) };
    this.#known.set(name, found);
    return found;
  }

  /** Its life changed: what was known is looked up anew. `ended`: the next run is another one. */
  forget(name: string, ended: boolean): void {
    const known = this.#known.get(name);
    if (known === undefined) return;
    if (ended) this.#known.delete(name);
    else this.#known.set(name, { ...known, atMs: Number.NEGATIVE_INFINITY });
  }

  /** Keeps what is still active. */
  retain(active: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) if (!active.has(name)) this.#known.delete(name);
  }

  #isCurrent(known: KnownRun, nowMs: number): boolean {
    const age = nowMs - known.atMs;
    if (known.process === undefined) return age < (known.sought < searches ? searchMs : believedMs);
    if (age < believedMs) return true;
    known.atMs = nowMs;
    return isAlive(known.process);
  }
}

/** Wall clock at which a process with these start ticks began; now where there is no process to ask. */
function startOf(startTicks: number | undefined): number {
  if (startTicks === undefined) return Date.now();
  return Math.round(Date.now() - (bootSeconds() - startTicks / ticksPerSecond) * 1000);
}

/** Seconds since boot with two decimals, as the ticks count them. */
function bootSeconds(): number {
  try {
    return Number(readFileSync("/proc/uptime", "utf8").split(" ", 1)[0]);
  } catch {
    return uptime();
  }
}
