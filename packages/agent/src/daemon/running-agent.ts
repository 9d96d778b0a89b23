import type { Act, GossipEntry, GuestId, HostId, HostView, Note, OperatorCommand } from "@berth/claims";
import type { Diagnostic, EnvironmentPromise, Observation } from "@berth/model";
import type { MemberDocument } from "../fleet/member-document.ts";
import type { OrderOutcome } from "../fleet/order-exchange.ts";
import type { PassReport } from "../pass-report.ts";
import type { HostFactsNotice, OrderCommand } from "../ports/agent-notice.ts";
import type { DeadManHeartbeat, DeadManSign } from "../ports/dead-man-link.ts";
import type { MemberStatus, PeerCounter } from "../ports/peer-network.ts";

/** The policy that rules now, and what is wrong with a newer one. */
export interface PolicyInForce {
  /** Grows by one whenever another policy comes into force in this life; 0 while there is none. */
  readonly generation: number;
  /** sha-256 of the sources in force, hexadecimal; empty while there is none. */
  readonly digest: string;
  readonly files: readonly string[];
  /** RFC 3339; absent while there is none. */
  readonly since?: string;
  readonly promises: readonly EnvironmentPromise[];
  readonly classes: ReadonlySet<string>;
  /** Of the newest attempt to load; with an error among them the one before stays in force. */
  readonly diagnostics: readonly Diagnostic[];
  readonly bad: boolean;
}

/** What another host said, and how long ago, ms of this host's boot clock. */
export interface Heard<T> {
  readonly what: T;
  readonly ageMs: number;
}

/** Everything that the local API shows: a copy at one moment, made without waiting for anything. */
export interface AgentSnapshot {
  readonly fleet: string;
  readonly self: HostId;
  readonly release: string;
  /** Wall clock of this host, ms; for display. */
  readonly wallClockMs: number;
  readonly upMs: number;
  readonly claims: HostView;
  readonly policy: PolicyInForce;
  /** The dead-man's last sign; `heartbeat` is the last one ever seen. */
  readonly deadMan: { readonly sign: DeadManSign["kind"]; readonly heartbeat?: DeadManHeartbeat };
  /** Reasons why "never twice" is weaker here than it should be; empty when it holds in full. */
  readonly degraded: readonly string[];
  readonly members: MemberDocument;
  readonly peers: readonly MemberStatus[];
  readonly counters: Readonly<Record<PeerCounter, number>>;
  readonly facts: ReadonlyMap<HostId, Heard<HostFactsNotice>>;
  /** The newest word of every host about itself and its guests, own ones included. */
  readonly gossip: readonly Heard<GossipEntry>[];
  readonly observation?: Heard<Observation>;
  /** Why the hypervisor does not answer; absent while it does. */
  readonly hypervisorProblem?: string;
  readonly lastPass?: PassReport;
  /** Acts under way at the hypervisor. */
  readonly acts: readonly Heard<Act>[];
  readonly draining: boolean;
}

/** One entry of the journal: a note of the protocol, of the loop, or of an act. */
export interface AgentEvent extends Note {
  /** Grows by one within a life of the agent, and goes on from a higher number in the next. */
  readonly id: number;
  /** Which life: grows by one with each start, as far back as the journal goes. */
  readonly life: number;
  /** RFC 3339, as the wall clock was then. */
  readonly at: string;
}

/** May this guest be started here by somebody's hand? Asked by libvirt's hook. */
export type HookVerdict =
  | { readonly kind: "allowed" }
  /** One sentence that names the owner, for the person who typed the start. */
  | { readonly kind: "refused"; readonly sentence: string };

/** The agent as its local API, the signals and the tests see it. */
export interface RunningAgent {
  snapshot(): AgentSnapshot;
  /** Hands an operator's command to the protocol; returns once it is taken, not once it is done. */
  operate(command: OperatorCommand): void;
  /** Asks another host to do something for an operator here; never rejects. */
  order(host: HostId, command: OrderCommand, operator: string): Promise<OrderOutcome>;
  /** Loads the policy now. The result is what is in force afterwards. */
  reload(): Promise<PolicyInForce>;
  /**
   * Events after `sinceId`, oldest first, of earlier lives too; at most the last 10,000.
   * @param sinceMs only what is not older than this, ms of the wall clock as it is now
   */
  events(sinceId?: number, sinceMs?: number): readonly AgentEvent[];
  onEvent(listener: (event: AgentEvent) => void): () => void;
  hook(guest: GuestId, operation: string): HookVerdict;
  /** Takes a newer signed list of members. @throws AgentError FLEET_INVALID when its signature or number does not hold */
  adoptMembers(document: MemberDocument): void;
  /** Freezes: nothing is given up, guests run on until the lease ends; for a restart (SIGTERM). */
  stop(): Promise<void>;
  /** Resolves when the agent ended by itself, such as after a failed write; rejects with the reason. */
  readonly ended: Promise<void>;
}
