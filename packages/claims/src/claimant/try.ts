/** What the claimant keeps of one guest that it is claiming, releasing or repairing, and how such a try can end. */
import type { Ballot, ClaimValue, GuestId, HostId, VoterId } from "../words.ts";

/** What is wanted of the register. */
export type Intent =
  /**
   * Own it. `evenIfReserved`: the 5 s for the host named by a hand-over are over (section 4.4). `leavesMissing`: an owner that
   * may still turn up after the start of the whole fleet keeps it for that time.
   */
  | { readonly kind: "claim"; readonly evenIfReserved: boolean; readonly leavesMissing?: boolean }
  /** Repeat the claim that is ours, to repair lagging voters and to find out if it is not (section 4.8). */
  | { readonly kind: "refresh" }
  /** Give it up; the guest is already forgotten here (section 4.4). */
  | { readonly kind: "release"; readonly epoch: number; readonly next?: HostId };

/** One guest under way at the registers. */
export interface Try {
  readonly guest: GuestId;
  readonly intent: Intent;
  phase: "preparing" | "fencing" | "accepting";
  readonly promises: VoterId[];
  readonly rejections: VoterId[];
  readonly accepts: VoterId[];
  /** Highest accepted value among the promises. */
  best: { readonly ballot: Ballot; readonly value: ClaimValue } | undefined;
  /** By voter that promised: which owner it named, and from when on (boot-time) it would fence it. */
  readonly owners: Map<VoterId, { readonly host: HostId; readonly inc: number; readonly fromMs: number }>;
  /** What is being written, from phase `fencing` on. */
  value: ClaimValue | undefined;
}

/** How a try ended. */
export type Outcome = { readonly guest: GuestId; readonly intent: Intent["kind"] } & Ended;

/** The ways to end. */
export type Ended =
  /** A majority accepted: the claim is this host's, or the release is told. */
  | { readonly kind: "chosen"; readonly value: ClaimValue }
  /** The register says something else: a live owner, a reservation, or a claim that this host lost. */
  | { readonly kind: "elsewhere"; readonly value: ClaimValue | undefined; readonly retryAtMs: number }
  /** Rejected by a higher ballot, not enough answers, or too little lease left. */
  | { readonly kind: "failed"; readonly retryAtMs: number; readonly reason: string };
