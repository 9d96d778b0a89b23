/**
 * What travels between agents.
 *
 * A request names the fleet, the configuration number and the asking agent's life; a reply repeats the life, so that
 * answers to an earlier life can be dropped, and names its voter *disk*, so that a quorum is a set of voters and never
 * a count of messages. One PREPARE or ACCEPT carries many guests under one ballot and one FENCE covers all guests of a
 * host, so that a takeover of a thousand guests costs a handful of messages (protocol, section 3).
 */
import type { Ballot, ClaimValue, Configuration, GuestId, HostId, KnownHost, Register, VoterId } from "./words.ts";

/** Guests per message: 96 answers of at most 530 bytes, owners included, stay below the 64 KiB that a peer may send. */
export const guestsPerMessage = 96;
/** Gossip entries per message: 80 signed entries of at most 750 bytes. */
export const entriesPerMessage = 80;

interface Addressed {
  readonly fleet: string;
  /** Configuration number of the sender. */
  readonly cfg: number;
}

interface Request extends Addressed {
  /** Life number of the asking agent, repeated in the reply. */
  readonly life: number;
}

interface Reply extends Request {
  readonly voter: VoterId;
}

/** A host whose renewals stopped, as one voter sees it. */
export interface LateHost {
  readonly host: HostId;
  readonly inc: number;
  /** Until this voter lets it be fenced; 0 when it does so now. */
  readonly remainingMs: number;
}

/** RENEW: may this host live on? */
export interface Renew extends Request {
  readonly kind: "renew";
  readonly inc: number;
  readonly nonce: string;
  readonly attempt: number;
}
/** Answer to RENEW, with the hosts that this voter calls late. */
export interface RenewReply extends Reply {
  readonly kind: "renew-reply";
  readonly inc: number;
  readonly attempt: number;
  readonly verdict:
    | { readonly kind: "ack" }
    /** This incarnation is fenced; `fenced` is the highest fenced one. */
    | { readonly kind: "fenced"; readonly fenced: number }
    /** Another machine renews with this host's identity. */
    | { readonly kind: "clone" }
    /** The older incarnation is still live here. */
    | { readonly kind: "wait"; readonly remainingMs: number };
  /** Hosts that missed renewals; empty in quiet times, at most {@link guestsPerMessage}. */
  readonly late: readonly LateHost[];
}

/** PREPARE: a promise for these guests, please. */
export interface Prepare extends Request {
  readonly kind: "prepare";
  readonly ballot: Ballot;
  readonly guests: readonly GuestId[];
}
/** Answer to PREPARE: per guest a promise with what was accepted, or the ballot in the way. */
export interface PrepareReply extends Reply {
  readonly kind: "prepare-reply";
  readonly ballot: Ballot;
  readonly results: readonly {
    readonly guest: GuestId;
    /** Absent when promised; else the higher ballot that stands in the way. */
    readonly rejectedBy?: Ballot;
    readonly acceptedBallot?: Ballot;
    readonly value?: ClaimValue;
  }[];
  /** Lease of each owner named in `results` as this voter sees it. */
  readonly owners: readonly LateHost[];
}

/** FENCE: never grant this incarnation again, please. */
export interface Fence extends Request {
  readonly kind: "fence";
  readonly host: HostId;
  readonly inc: number;
  /** Set by `confirm-dead` only: an operator vouches that the host is off. Audited by the voter. */
  readonly confirmedBy?: string;
}
/** Answer to FENCE. */
export interface FenceReply extends Reply {
  readonly kind: "fence-reply";
  readonly host: HostId;
  readonly inc: number;
  readonly verdict:
    | { readonly kind: "ack" }
    /** Live, in quarantine or held down: ask again after `remainingMs`. */
    | { readonly kind: "live"; readonly remainingMs: number };
}

/** ACCEPT: these values, under this ballot. */
export interface Accept extends Request {
  readonly kind: "accept";
  readonly ballot: Ballot;
  readonly values: readonly { readonly guest: GuestId; readonly value: ClaimValue }[];
}
/** Answer to ACCEPT: per guest accepted, out-voted or fenced. */
export interface AcceptReply extends Reply {
  readonly kind: "accept-reply";
  readonly ballot: Ballot;
  readonly results: readonly { readonly guest: GuestId; readonly rejectedBy?: Ballot; readonly fenced?: boolean }[];
}

/** Section 7. The choice of C+1: a Paxos register on the old voters. */
export interface ProposeConfig extends Request {
  readonly kind: "propose-config";
  readonly phase: "prepare" | "accept";
  readonly ballot: Ballot;
  /** Absent in phase `prepare`. */
  readonly next?: Configuration;
}
/** Answer to the proposal of a configuration. */
export interface ProposeConfigReply extends Reply {
  readonly kind: "propose-config-reply";
  readonly phase: "prepare" | "accept";
  readonly ballot: Ballot;
  readonly rejectedBy?: Ballot;
  readonly acceptedBallot?: Ballot;
  readonly next?: Configuration;
}
/** Section 7 (1): no more grants, claims or fences. Sent only for a chosen `next`. */
export interface Seal extends Request {
  readonly kind: "seal";
  readonly next: Configuration;
}
/** Answer to SEAL. */
export interface SealReply extends Reply {
  readonly kind: "seal-reply";
  readonly sealed: boolean;
}
/** Section 7 (2): one page of a sealed voter's registers and hosts. */
export interface Snapshot extends Request {
  readonly kind: "snapshot";
  /** Key to start after; empty for the first page. */
  readonly cursor: string;
}
/** One page, and where the next one begins. */
export interface SnapshotReply extends Reply {
  readonly kind: "snapshot-reply";
  readonly cursor: string;
  readonly page: SnapshotPage;
  /** Cursor of the next page; absent after the last. */
  readonly nextCursor?: string;
}
/** Part of what a voter remembers. */
export interface SnapshotPage {
  readonly hosts: readonly { readonly host: HostId; readonly known: KnownHost }[];
  readonly registers: readonly { readonly guest: GuestId; readonly register: Register }[];
}
/** Section 7 (3): one page of the merged state, written durably by a voter of the new set. */
export interface Install extends Request {
  readonly kind: "install";
  readonly next: Configuration;
  /** Who copies, and which page of how many: a voter activates only with all pages of one copy. */
  readonly copy: string;
  readonly pageNumber: number;
  readonly pageCount: number;
  readonly page: SnapshotPage;
}
/** One page is durable. */
export interface InstallReply extends Reply {
  readonly kind: "install-reply";
  readonly copy: string;
  readonly pageNumber: number;
}
/** Section 7 (3): all pages are there; answer for the new configuration from now on. */
export interface Activate extends Request {
  readonly kind: "activate";
  readonly next: Configuration;
  readonly copy: string;
  readonly pageCount: number;
}
/** Whether it does. */
export interface ActivateReply extends Reply {
  readonly kind: "activate-reply";
  readonly copy: string;
  readonly active: boolean;
}
/** Tells a member that lags behind which configuration holds; `sealed` when the sender is a sealed old voter. */
export interface ConfigNotice extends Addressed {
  readonly kind: "config-notice";
  readonly config: Configuration;
  readonly sealed: boolean;
}

/** What one host says of itself. */
export interface HostAdvert {
  readonly kind: "host";
  readonly inc: number;
  /** Relative share of guests. @default 1 */
  readonly weight: number;
  readonly memoryFreeKib: number;
  /** Guests that it owns or is claiming. */
  readonly load: number;
  readonly draining: boolean;
  /** False for a witness. */
  readonly hypervisor: boolean;
  /** Placement keys that hold here. */
  readonly matches: readonly string[];
  readonly leased: boolean;
}
/** What one host says of one guest that it owns, runs or has defined and active, promised or not. */
export interface GuestAdvert {
  readonly kind: "guest";
  readonly guest: GuestId;
  readonly uuid: string;
  readonly promised: boolean;
  readonly mode: "quorum" | "gossip";
  /** What the advertising host knows of the claim: itself, another, or null when released or never claimed. */
  readonly owner: HostId | null;
  readonly inc: number;
  readonly epoch: number;
  readonly runId: string;
  readonly startedAtMs: number;
  readonly state: "running" | "paused" | "off";
  readonly classMatch: boolean;
  readonly next?: HostId;
}
/** One signed piece of gossip. The newest (life, seq) of an origin and key wins. */
export interface GossipEntry {
  readonly origin: HostId;
  readonly life: number;
  readonly seq: number;
  readonly key: string;
  /** `null` withdraws the key. */
  readonly body: HostAdvert | GuestAdvert | null;
  /** Signature of the origin: made and checked by the agent, carried along unread by the core. */
  readonly proof?: string;
}
/** Entries, new or asked for. */
export interface GossipPush extends Addressed {
  readonly kind: "gossip-push";
  readonly entries: readonly GossipEntry[];
}
/** Bucket digests of everything the sender knows (section 8). */
export interface GossipDigest extends Addressed {
  readonly kind: "gossip-digest";
  readonly digests: readonly number[];
}
/** For buckets that differ: what the sender has. The receiver pushes what is newer and wants what is missing. */
export interface GossipSummary extends Addressed {
  readonly kind: "gossip-summary";
  readonly buckets: readonly number[];
  readonly have: readonly {
    readonly origin: HostId;
    readonly key: string;
    readonly life: number;
    readonly seq: number;
  }[];
}
/** Please send these. */
export interface GossipWant extends Addressed {
  readonly kind: "gossip-want";
  readonly want: readonly { readonly origin: HostId; readonly key: string }[];
}

/** What is asked of a voter. */
export type VoterRequest = Renew | Prepare | Fence | Accept | ProposeConfig | Seal | Snapshot | Install | Activate;
/** What a voter answers. */
export type VoterReply =
  | RenewReply
  | PrepareReply
  | FenceReply
  | AcceptReply
  | ProposeConfigReply
  | SealReply
  | SnapshotReply
  | InstallReply
  | ActivateReply;
/** What gossip consists of. */
export type GossipMessage = GossipPush | GossipDigest | GossipSummary | GossipWant;
/** Everything that may arrive from another agent. */
export type Message = VoterRequest | VoterReply | ConfigNotice | GossipMessage;
