import type { Holder } from "../holder/holder.ts";
import type { Membership } from "../membership.ts";
import type { Outbox } from "../outbox.ts";
import type { Gathering } from "../placement/gathering.ts";
import type { Random } from "../random.ts";
import type { Rules } from "../rules.ts";
import type { HostId } from "../words.ts";

/** What the files of this folder share. */
export interface ClaimantParts {
  readonly rules: Rules;
  readonly outbox: Outbox;
  readonly membership: Membership;
  readonly holder: Holder;
  readonly random: Random;
  readonly gathering: Gathering;
  readonly self: HostId;
}
