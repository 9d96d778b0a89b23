/**
 * A broken promise, seen from outside. Codes are stable; the text says what the oracle saw.
 */
export type ViolationCode =
  /** Two copies of one quorum guest executed at the same time. */
  | "TWO_COPIES"
  /** A copy executed on a host that is not the chosen owner of the guest. */
  | "RUN_WITHOUT_CLAIM"
  /** A copy executed later than the host's last majority-acknowledged renewal allows. */
  | "RUN_PAST_DEADLINE"
  /** Two different values were chosen for one ballot, or a chosen value was replaced without being seen. */
  | "CLAIM_FORKED"
  /** A chosen claim had a lower epoch than one chosen before it. */
  | "EPOCH_FELL"
  /** A voter granted a lease to an incarnation that its own disk says is fenced. */
  | "FENCED_GRANTED"
  /** An incarnation was fenced by a majority while its lease could still be in force at the holder. */
  | "FENCED_ALIVE"
  /** A copy was destroyed where it was owned and wanted. */
  | "DESTROYED_WRONGLY"
  /** The faults are over, the bound has passed, and the fleet is not whole. */
  | "NOT_RECOVERED"
  /** The core threw: a bug is an assertion and a crash. */
  | "CORE_THREW";

/** A broken promise, when and how. */
export interface Violation {
  readonly code: ViolationCode;
  readonly atMs: number;
  readonly text: string;
}
