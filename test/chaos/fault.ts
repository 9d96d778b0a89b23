/** A fault of the campaign: it begins, lasts, and ends; what it may destroy follows from what it touches. */
import type { Fleet } from "../support/fleet/fleet.ts";
import type { FleetHost } from "../support/fleet/fleet-host.ts";
import type { SeededChoice } from "./seeded-choice.ts";

/** What a fault has to know while it lasts. */
export interface FaultScene {
  readonly fleet: Fleet;
  /** The host that it is about. */
  readonly host: FleetHost;
  readonly choice: SeededChoice;
  /** Written down with the time. */
  note(text: string): void;
}

/** One kind of fault. */
export interface Fault {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** What it takes away: two faults that touch one part of one host do not go together. */
  readonly touches: "power" | "agent" | "dead-man" | "libvirtd" | "qemu" | "network" | "hand" | "policy" | "clock";
  /** How long it may last, in ms; chosen evenly. */
  readonly lasts: readonly [minimum: number, maximum: number];
  begin(scene: FaultScene): Promise<void>;
  end(scene: FaultScene): Promise<void>;
}

/** Durations in ms that mean something to a fleet. */
export interface Durations {
  /** D_A: how long a voter keeps a lease. */
  readonly long: number;
  /** Up to D_A. */
  readonly short: readonly [number, number];
  /** Up to three times D_A. */
  readonly any: readonly [number, number];
}

/** The end of a fault that is over by itself. */
export const nothing = async (): Promise<void> => {};
