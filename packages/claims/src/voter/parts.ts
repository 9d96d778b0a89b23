import type { Membership } from "../membership.ts";
import type { Outbox } from "../outbox.ts";
import type { Rules } from "../rules.ts";
import type { VoterState } from "./state.ts";

/** What the handlers of the single messages share. */
export interface VoterParts {
  readonly state: VoterState;
  readonly rules: Rules;
  readonly outbox: Outbox;
  readonly membership: Membership;
}
