import type { Holder } from "../holder/holder.ts";
import type { Membership } from "../membership.ts";
import type { Outbox } from "../outbox.ts";
import type { Random } from "../random.ts";
import type { Rules } from "../rules.ts";
import type { Now } from "../time.ts";
import type { Ballot, HostId } from "../words.ts";
import type { Attempt } from "./attempt.ts";
import type { Fences } from "./fences.ts";
import type { Ended, Try } from "./try.ts";

/** What the files of this folder share. */
export interface ClaimantParts {
  readonly rules: Rules;
  readonly outbox: Outbox;
  readonly membership: Membership;
  readonly holder: Holder;
  readonly random: Random;
  readonly self: HostId;
}

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
