import type { Claimant } from "./claimant/claimant.ts";
import type { Gossip } from "./gossip/gossip.ts";
import type { Guests } from "./guests/guests.ts";
import type { Circumstances } from "./guests/parts.ts";
import type { Holder } from "./holder/holder.ts";
import type { Membership } from "./membership.ts";
import type { Gathering } from "./placement/gathering.ts";
import type { DeadManFeed } from "./ready.ts";
import type { Voter } from "./voter/voter.ts";
import type { VoterSetChange } from "./voter-set/voter-set-change.ts";

/** Everything that exists from `start` on. */
export interface Life {
  readonly bootId: string;
  readonly nonce: string;
  /** The dead-man's file as this life found it. */
  readonly earlierFeed: DeadManFeed | undefined;
  /** The identity is of an earlier boot and must be replaced before anything is renewed. */
  rebootPending: boolean;
  readonly membership: Membership;
  readonly holder: Holder;
  readonly claimant: Claimant;
  readonly gossip: Gossip;
  readonly gathering: Gathering;
  readonly guests: Guests;
  readonly voter: Voter | undefined;
  readonly change: VoterSetChange;
  readonly here: Circumstances;
}
