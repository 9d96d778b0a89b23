/**
 * Items of the local API's answers, as JSON has them: snake case, integers in seconds and bytes, times in RFC 3339 UTC.
 * Shapes only, so that the command loads nothing for them.
 */
import type { Unreachable } from "./envelope.ts";

/** What is known of a copy's execution. `unknown` says in `state_reason` why; it is never shown as stopped. */
export type ShownState = string;

/** One copy of a guest, or the place where it should be; a guest that runs twice has two items. */
export interface GuestItem {
  readonly name: string;
  /** Empty where nobody said it. */
  readonly uuid: string;
  /** The host of this copy; null when it is nowhere. */
  readonly host: string | null;
  /** `running`, `paused`, `off`, another word of libvirt's on the answering host, or `unknown`. */
  readonly state: ShownState;
  /** Why it is unknown, such as `h3 unheard 42s`. */
  readonly state_reason?: string;
  /** The state that the policy of the answering host asks for; null where it does not name the guest. */
  readonly promised: string | null;
  /** Some host's policy promises it. */
  readonly protected: boolean;
  readonly owner: string | null;
  readonly epoch: number;
  readonly mode: "quorum" | "gossip" | null;
  /** The same UUID executes on another host as well. */
  readonly duplicate: boolean;
  /** Where it stands on the answering host, in the protocol's words; null where that host does not follow it. */
  readonly here: { readonly phase: string; readonly owned: boolean; readonly reason: string } | null;
  /** How old this word is. */
  readonly age_seconds: number;
}

/** One host of the fleet. */
export interface HostItem {
  readonly name: string;
  readonly self: boolean;
  /** `up`, `unknown`, or `incompatible`. */
  readonly state: string;
  readonly state_reason?: string;
  /** Others that say that they hear it, while the answering host does not: then the link is broken and not the host. */
  readonly heard_by: readonly string[];
  readonly role: string;
  /** False for a witness. */
  readonly hypervisor: boolean;
  readonly hypervisor_up: boolean | null;
  readonly leased: boolean | null;
  readonly draining: boolean | null;
  readonly incarnation: number | null;
  /** Guests that it owns, by its own word. */
  readonly guests: number | null;
  /** Null also where memory is no limit. */
  readonly memory_free_bytes: number | null;
  readonly memory_bytes: number | null;
  readonly cpus: number | null;
  readonly weight: number | null;
  readonly release: string | null;
  readonly policy_digest: string | null;
  readonly policy_problem?: string;
  readonly config_number: number | null;
  readonly profile: string | null;
  readonly degraded: readonly string[];
  /** Its wall clock less ours, from its last word; rounded to the second that such a word is worth. */
  readonly clock_offset_seconds: number | null;
  readonly addresses: readonly string[];
  readonly age_seconds: number | null;
}

/** The newest claim that is known of one guest. */
export interface ClaimItem {
  readonly guest: string;
  /** Null for one that was released. */
  readonly owner: string | null;
  readonly owner_state: string;
  readonly incarnation: number;
  readonly epoch: number;
  readonly run_id: string;
  readonly next?: string;
  readonly mode: "quorum" | "gossip" | null;
  /** Who says so: the registers as this host knows them, or a host's gossip. */
  readonly said_by: string;
  readonly phase: string | null;
  readonly reason: string | null;
  readonly age_seconds: number;
}

/** A network of the answering host. Networks belong to their host and are not gossiped. */
export interface NetworkItem {
  readonly name: string;
  readonly host: string;
  readonly type: string | null;
  readonly state: string;
  readonly promised: string | null;
  readonly uuid: string | null;
  readonly autostart: boolean | null;
  readonly persistent: boolean | null;
  readonly age_seconds: number;
}

/** One promise of the policy in force on the answering host, and what became of it. */
export interface PromiseItem {
  readonly name: string;
  readonly kind: string;
  readonly type: string;
  readonly state: string;
  readonly class: string;
  readonly holds_here: boolean;
  /** Hosts that say that they may run it; for guests only. */
  readonly holds_on: readonly string[];
  /** What the last pass on the answering host made of it; null before the first. */
  readonly outcome: string | null;
  readonly reason: string;
  /** Where the guest is, in a few words. */
  readonly now: string;
  readonly pending: readonly { readonly what: string; readonly why: string; readonly tag: string }[];
  readonly place: string;
  readonly age_seconds: number | null;
}

/** Another agent, as the answering host hears it. */
export interface PeerItem {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  /** Since the state last changed. */
  readonly state_age_seconds: number;
  /** Exact, as it is below a second. */
  readonly round_trip_seconds: number | null;
  readonly heard_age_seconds: number | null;
  readonly release: string | null;
  readonly clock_offset_seconds: number | null;
  /** Who it hears, by its own word; empty for a peer that is not heard. */
  readonly hears: readonly { readonly host: string; readonly up: boolean; readonly heard_age_seconds?: number }[];
  readonly queued_bytes: number;
  readonly features: readonly string[];
  readonly addresses: readonly string[];
}

/** One entry of the journal. */
export interface EventItem {
  readonly id: number;
  /** Which life of the agent. */
  readonly life: number;
  readonly at: string;
  readonly level: "info" | "warning" | "alarm";
  readonly code: string;
  readonly text: string;
  readonly guest?: string;
  readonly host?: string;
}

/** A finding about the policy that was loaded last. */
export interface PolicyFinding {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly place: string;
}

/** The policy in force. */
export interface PolicyItem {
  readonly generation: number;
  readonly digest: string;
  readonly files: readonly string[];
  readonly since: string | null;
  readonly promises: number;
  /** The newest policy has errors: the one before stays in force. */
  readonly bad: boolean;
  readonly findings: readonly PolicyFinding[];
}

/** The one screen. */
export interface StatusItem {
  readonly fleet: string;
  readonly host: string;
  readonly release: string;
  readonly role: string;
  /** False for a witness. */
  readonly hypervisor_host: boolean;
  readonly up_seconds: number;
  readonly at: string;
  readonly draining: boolean;
  readonly lease: {
    readonly held: boolean;
    /** To a tenth: a lease is a few seconds long. */
    readonly remaining_seconds: number;
    readonly incarnation: number;
    readonly voters_heard: number;
    readonly voters_needed: number;
    readonly voters_total: number;
    readonly config_number: number;
    readonly profile: string;
    readonly voter: {
      readonly active: boolean;
      readonly live_hosts: number;
      readonly quarantine_seconds: number;
      readonly sealed: boolean;
    } | null;
  };
  readonly peers: { readonly up: number; readonly total: number };
  readonly hosts: readonly HostItem[];
  readonly policy: PolicyItem;
  readonly promises: Readonly<Record<string, number>> | null;
  readonly pass_age_seconds: number | null;
  /** Promises that the last pass did not keep. */
  readonly not_kept: readonly { readonly name: string; readonly outcome: string; readonly reason: string }[];
  readonly guests: {
    /** On this host, by phase. */
    readonly by_phase: Readonly<Record<string, number>>;
    /** In the fleet as far as it is heard, by state. */
    readonly by_state: Readonly<Record<string, number>>;
    readonly duplicates: readonly string[];
    /** Guests that each side of a partition may run: gossip mode promises one copy where there is a host, not one in all. */
    readonly gossip_mode: readonly string[];
    /** Promised to run, and not seen running. */
    readonly not_running: readonly { readonly name: string; readonly state: string; readonly reason: string }[];
  };
  readonly dead_man: {
    /** `alive`, `silent`, `absent`, or `other-clocks`. */
    readonly sign: string;
    readonly pid: number | null;
    readonly expired: boolean | null;
    readonly hypervisor_up: boolean | null;
    readonly watchdog: string | null;
    readonly degraded: readonly string[];
  };
  readonly hypervisor: { readonly up: boolean; readonly problem?: string; readonly age_seconds: number | null };
  readonly degraded: readonly string[];
  readonly acts: readonly {
    readonly guest: string;
    readonly kind: string;
    readonly why: string;
    readonly age_seconds: number;
  }[];
  /** Alarms of the last hour, newest first; equal ones are told once, with how often. */
  readonly alarms: readonly (EventItem & { readonly times: number })[];
  readonly unheard: readonly Unreachable[];
}

/** One question on the way to "does it run there", with its answer. */
export interface ExplainStep {
  readonly check: string;
  readonly verdict: "yes" | "no" | "unknown";
  readonly text: string;
}

/** Why a guest is, or is not, on one host. */
export interface ExplanationItem {
  readonly guest: string;
  readonly host: string;
  /** It executes there, as far as is known. */
  readonly runs: "yes" | "no" | "unknown";
  /** One sentence. */
  readonly conclusion: string;
  /** The check that decides: the first whose verdict is `no`; null where it runs. */
  readonly decided_by: string | null;
  readonly steps: readonly ExplainStep[];
  /** What this host cannot know of the other one. */
  readonly blind_spots: readonly string[];
}
