/** What a test and its recorder's process say to each other. */
import type { RunRecord } from "./run-record.ts";

/** To the recorder. Sockets of guests are at `<folder>/<host>/<guest>`. */
export type RecorderRequest =
  | {
      readonly kind: "listen";
      readonly folder: string;
      readonly hosts: readonly string[];
      readonly guests: readonly string[];
    }
  /** Listens to this libvirtd from now on, in place of an earlier one of the host. */
  | { readonly kind: "watch"; readonly host: string; readonly uri: string }
  | { readonly kind: "unwatch"; readonly host: string }
  /** Everything that goes on at `sinceMs` or later. */
  | { readonly kind: "look"; readonly sinceMs: number };

/** Each request gets one answer, with its number. */
export type RecorderAnswer =
  | { readonly id: number; readonly record: RunRecord }
  | { readonly id: number; readonly done: true }
  | { readonly id: number; readonly problem: string };
