/**
 * One thing that happens to a fleet, from the calm before it to the calm after it: what has to hold is checked on what the
 * recorder saw in between, and one line with the figures is printed.
 */
import { grantMs } from "@berth/claims";
import { expect } from "vitest";
import type { Fleet } from "../support/fleet/fleet.ts";
import { nowMs } from "../support/fleet/recorder.ts";
import {
  executingOn,
  handOversOf,
  overlapMs,
  overlapsOf,
  pausesOf,
  type RunRecord,
  timeToExactlyOne,
} from "../support/fleet/run-record.ts";

/** What is allowed, and when it has to be over. */
export interface Outcome {
  /** Guests that have to execute on exactly one host each in the end. @default all of the fleet */
  readonly guests?: readonly string[];
  /** Hosts that they have to be on. @default any */
  readonly on?: readonly string[];
  /** Hypervisor processes that had to end, as `guest on host`. @default none */
  readonly ended?: readonly string[];
  /** Those that may have ended beside them, and beside all those of a host that was fenced or booted. @default none */
  readonly mayEnd?: readonly string[];
  /** Said aloud where it may be more. @default 0 */
  readonly overlapMaxMs?: number;
  /** From the fault to exactly one. @default {@link takeoverBoundMs} */
  readonly withinMs?: number;
  /** Guests that have to have executed all the time. @default none */
  readonly undisturbed?: readonly string[];
}

/** Figures of an incident. */
export interface Figures {
  readonly overlapMs: number;
  readonly exactlyOneMs: number;
  readonly record: RunRecord;
}

/**
 * From a fault to the guest running elsewhere: D_A, and for claim, fence and start what the design's formula has, five times
 * over, because all hosts share two processors.
 */
export function takeoverBoundMs(fleet: Fleet): number {
  return grantMs(fleet.profile) + fleet.profile.renewMs + 10_000;
}

/** A guest that shares two processors with three hosts may wait this long for its turn; nobody suspended it. */
const starvedMs = 1_500;

/** The incident under way. */
export class Incident {
  readonly #fleet: Fleet;
  readonly #title: string;
  readonly sinceMs: number;
  readonly #incarnations: ReadonlyMap<string, number>;
  #faultMs: number;

  private constructor(fleet: Fleet, title: string, incarnations: ReadonlyMap<string, number>) {
    this.#fleet = fleet;
    this.#title = title;
    this.sinceMs = nowMs();
    this.#incarnations = incarnations;
    this.#faultMs = this.sinceMs;
  }

  /** Begins with every guest in `calm` on exactly one host, and every agent that is there in full possession of its powers. */
  static async begin(fleet: Fleet, title: string, calm: readonly string[] = fleet.guests): Promise<Incident> {
    await fleet.calm(calm);
    return new Incident(fleet, title, await fleet.incarnations());
  }

  /** Times count from here on. */
  fault(atMs: number = nowMs()): void {
    this.#faultMs = atMs;
  }

  /** Waits for the calm, checks, prints. */
  async finish(outcome: Outcome = {}): Promise<Figures> {
    const { guests = this.#fleet.guests, on, withinMs = takeoverBoundMs(this.#fleet) } = outcome;
    const leftMs = Math.max(1_000, this.#faultMs + withinMs - nowMs());
    await this.#fleet.settled(guests, { withinMs: leftMs, ...(on === undefined ? {} : { on }) });
    // A host that was fenced clears away before it begins anew: only then is it known what ended.
    await this.#fleet.calm(guests);
    const record = await this.#fleet.recorder.look(this.sinceMs);
    const figures = this.#figures(record, guests);
    const ended = endsOf(record, this.sinceMs);
    const fenced = await this.#begunAnew();
    console.log(this.#line(figures, ended, fenced));
    this.#check(figures, outcome);
    this.#checkEnds(ended, fenced, outcome);
    return figures;
  }

  /** Nothing is destroyed but what has to be: where the host's claims were fenced away, or where the case says so. */
  #checkEnds(ended: readonly string[], fenced: readonly string[], { ended: hadTo = [], mayEnd = [] }: Outcome): void {
    expect(ended, `${this.#title}: hypervisor processes that ended`).toEqual(expect.arrayContaining([...hadTo]));
    const needless = ended.filter((text) => {
      const host = text.split(" ").at(-1) ?? "";
      return !fenced.includes(host) && ![...hadTo, ...mayEnd].includes(text);
    });
    expect(needless, `${this.#title}: destroyed without need`).toEqual([]);
  }

  /** Hosts whose incarnation is another than in the beginning: fenced by the others, or booted. */
  async #begunAnew(): Promise<readonly string[]> {
    const now = await this.#fleet.incarnations();
    const hosts = this.#fleet.hosts.map(({ name }) => name);
    return hosts.filter((name) => now.get(name) !== this.#incarnations.get(name));
  }

  #figures(record: RunRecord, guests: readonly string[]): Figures {
    const times = guests.map((guest) => timeToExactlyOne(record, guest, this.#faultMs) ?? Number.NaN);
    return { record, overlapMs: overlapMs(record.spans, this.sinceMs), exactlyOneMs: Math.max(0, ...times) };
  }

  #check({ record, overlapMs: overlap }: Figures, { overlapMaxMs = 0, undisturbed = [] }: Outcome): void {
    const overlaps = overlapsOf(record.spans, this.sinceMs);
    if (overlapMaxMs === 0) expect(overlaps, `${this.#title}: two copies at once`).toEqual([]);
    expect(overlap, `${this.#title}: overlap in ms`).toBeLessThanOrEqual(overlapMaxMs);
    const disturbed = [
      ...record.events.filter(({ event }) => event === "suspended"),
      ...pausesOf(record.spans, this.sinceMs).filter(({ ms }) => ms >= starvedMs),
    ].filter(({ guest, host }) => undisturbed.includes(guest) && executingOn(record, guest).includes(host));
    expect(disturbed, `${this.#title}: guests that paused`).toEqual([]);
  }

  #line(figures: Figures, ended: readonly string[], fenced: readonly string[]): string {
    const { record } = figures;
    const text = [
      `overlap ${figures.overlapMs.toFixed(0)} ms`,
      `exactly one after ${figures.exactlyOneMs.toFixed(0)} ms`,
    ];
    const gaps = handOversOf(record.spans).filter(({ firstMs }) => firstMs >= this.sinceMs);
    if (gaps.length > 0) {
      const closest = Math.min(...gaps.map(({ lastMs, firstMs }) => firstMs - lastMs));
      text.push(`${gaps.length} moved, ${closest.toFixed(0)} ms between the last sign there and the first here`);
    }
    const pauses = pausesOf(record.spans, this.sinceMs).map(({ guest, ms }) => `${guest} ${ms.toFixed(0)}`);
    if (pauses.length > 0) text.push(`paused ms: ${pauses.join(", ")}`);
    if (ended.length > 0) text.push(`ended: ${ended.join(", ")}`);
    if (fenced.length > 0) text.push(`fenced or booted: ${fenced.join(", ")}`);
    return `e2e ${this.#fleet.profile.name} | ${this.#title}: ${text.join("; ")}`;
  }
}

/** Hypervisor processes that ended after `sinceMs`, as `guest on host`, sorted. */
export function endsOf(record: RunRecord, sinceMs: number): readonly string[] {
  const ended = record.processes.filter(({ closeMs }) => closeMs !== undefined && closeMs >= sinceMs);
  return ended.map(({ guest, host }) => `${guest} on ${host}`).sort();
}

/** Guests that execute on this host now, as `guest on host`. */
export async function guestsOn(fleet: Fleet, host: string): Promise<readonly string[]> {
  const record = await fleet.recorder.look();
  return fleet.guests
    .filter((guest) => executingOn(record, guest).includes(host))
    .map((guest) => `${guest} on ${host}`);
}
