import type { GuestId, HostId, OperatorCommand, VoterId } from "@berth/claims";
import type { MemberDocument } from "../fleet/member-document.ts";
import type { SendOutcome } from "./peer-network.ts";

/** What a host says of itself beside the protocol: for status, never for a decision about ownership. */
export interface HostFactsNotice {
  readonly release: string;
  /** Digest of the policy in force, hexadecimal; empty when none was ever good. */
  readonly policyDigest: string;
  /** Why the newest policy is not in force; absent when it is. */
  readonly policyProblem?: string;
  readonly configNumber: number;
  readonly profile: string;
  /** Why the promise is degraded on this host, such as a dead-man that is silent; empty when it is not. */
  readonly degraded: readonly string[];
  readonly cpus: number;
  readonly memoryKib: number;
  readonly hypervisors: readonly { readonly type: string; readonly reachable: boolean }[];
  /** The host's wall clock, ms; to show how far two clocks are apart, never to compare deadlines. */
  readonly wallClockMs: number;
  /** Peers that it hears now, and how long ago it heard each, ms: the who-hears-whom matrix. */
  readonly hears: readonly { readonly host: HostId; readonly up: boolean; readonly heardAgeMs?: number }[];
}

/** What one host may ask of another on behalf of an operator: what only the owner of a claim can do, and what it does in order. */
export type OrderCommand = Extract<OperatorCommand, { readonly kind: "drain" | "undrain" | "release" }>;

/** Characters of a notice as JSON: the definition of a guest with a hundred disks has a tenth of it. */
export const noticeTextMax = 512_000;

/** What agents tell each other beside the protocol's messages. Checked against a schema like those. */
export type AgentNotice =
  | { readonly kind: "facts"; readonly facts: HostFactsNotice }
  /** Definition of a guest that stands on its owner only; travels with the claim's epoch, the highest wins. */
  | {
      readonly kind: "definition";
      readonly guest: GuestId;
      readonly uuid: string;
      readonly epoch: number;
      /** libvirt's inactive XML, security info included. */
      readonly xml: string;
    }
  | { readonly kind: "definition-want"; readonly guests: readonly GuestId[] }
  | { readonly kind: "members"; readonly document: MemberDocument }
  /** Where the sender's list stands: whoever has a newer one sends it. */
  | { readonly kind: "members-number"; readonly number: number }
  /** What the signed list should say of the sender: another disk is another voter, another network another address. */
  | { readonly kind: "self"; readonly disk: VoterId; readonly addresses: readonly string[] }
  /** Somebody on the sender's host asks this. Answered with the same id; `operator` is who typed it, by the sender's word. */
  | { readonly kind: "order"; readonly id: string; readonly command: OrderCommand; readonly operator: string }
  /** The order is carried out from now on, or `refusal` says why not. */
  | { readonly kind: "order-answer"; readonly id: string; readonly refusal?: string };

/**
 * Part of the peer network that carries notices. Direct streams, bulk priority; nothing waits. A big notice travels in parts and
 * arrives whole or not at all; above {@link noticeTextMax} it is refused. A peer of an older release does not get any.
 * Definitions hold secrets and are neither sent to observers nor taken from them; observers give no orders and get none.
 */
export interface NoticeChannel {
  sendNotice(host: HostId, notice: AgentNotice): SendOutcome;
  /** To every member that is up, one stream each: seldom and small. */
  broadcastNotice(notice: AgentNotice): void;
  onNotice(listener: (from: HostId, notice: AgentNotice) => void): () => void;
}
