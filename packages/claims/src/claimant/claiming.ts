import type { Now } from "../time.ts";
import type { Ballot } from "../words.ts";
import type { Attempt } from "./attempt.ts";
import type { Fences } from "./fences.ts";
import type { ClaimantParts } from "./parts.ts";
import type { Ended, Try } from "./try.ts";

/** What the handlers of the single answers need of the claimant. */
export interface Claiming {
  readonly parts: ClaimantParts;
  readonly fences: Fences;
  readonly attempts: ReadonlyMap<string, Attempt>;
  sawBallot(ballot: Ballot): void;
  newRunId(): string;
  finish(attempt: Attempt, done: Try, outcome: Ended): void;
  fail(attempt: Attempt, failed: Try, reason: string, now: Now): void;
}
