/**
 * What every answer looks like from outside, whoever gives it. A reader learns first who says so and whether anything is
 * missing, and only then the items: an answer that lacks a host must not look like a complete one.
 */

/** Changes when a field changes its meaning or goes away; new fields may come without it. */
export const apiVersion = "berth/v1";

/** Something that could not be asked, and so is missing or out of date among the items. */
export interface Unreachable {
  readonly host: string;
  /** Such as `kvm`: absent when the whole host is meant. */
  readonly type?: string;
  readonly uri?: string;
  readonly reason: string;
  /** Since it was last heard, whole seconds; absent when never, or where hearing is not the matter. */
  readonly age_seconds?: number;
}

/** The frame of every answer in JSON and YAML. */
export interface Envelope<Item> {
  readonly apiVersion: typeof apiVersion;
  /** Such as `GuestList`. */
  readonly kind: string;
  /** The host that gives this answer. */
  readonly asSeenBy: string;
  /** True when {@link unreachable} is not empty: items may be missing. */
  readonly partial: boolean;
  readonly unreachable: readonly Unreachable[];
  readonly items: readonly Item[];
}

/** @returns the frame around `items` */
export function envelope<Item>(
  kind: string,
  asSeenBy: string,
  items: readonly Item[],
  unreachable: readonly Unreachable[] = [],
): Envelope<Item> {
  return { apiVersion, kind, asSeenBy, partial: unreachable.length > 0, unreachable, items };
}
