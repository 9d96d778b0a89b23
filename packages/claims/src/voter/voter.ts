/**
 * One voter: an acceptor of Paxos for every guest, and a clock that remembers who renewed.
 *
 * It starts nothing by itself. It answers four questions: may this host live on (RENEW), who owns this guest (PREPARE,
 * ACCEPT), and is that host gone (FENCE). The answers are safe because any two majorities share a voter that remembers,
 * on its disk or by waiting. How the set of voters changes is in the files next door (`on-seal.ts` and following).
 */
import type { Message, VoterRequest } from "../messages.ts";
import type { DurableRecord } from "../records.ts";
import { after, type Now, voterRemainingMs } from "../time.ts";
import type { HostId, VoterId } from "../words.ts";
import { LateHosts } from "./lease-view.ts";
import { onAccept } from "./on-accept.ts";
import { onFence } from "./on-fence.ts";
import { onActivate, onInstall } from "./on-install.ts";
import { onPrepare } from "./on-prepare.ts";
import { onProposeConfig } from "./on-propose-config.ts";
import { onRenew } from "./on-renew.ts";
import { onSeal } from "./on-seal.ts";
import { onSnapshot } from "./on-snapshot.ts";
import type { VoterParts } from "./parts.ts";
import { loadVoter, type VoterState } from "./state.ts";

/** Where a voter comes from: its disk and what is on it. */
export interface VoterInit {
  readonly disk: VoterId;
  readonly self: HostId;
  readonly durable: readonly DurableRecord[];
}

/** One voter: `handle` answers one request. */
export class Voter {
  readonly #parts: VoterParts;
  readonly #late: LateHosts;

  constructor(components: Omit<VoterParts, "state">, init: VoterInit, now: Now) {
    const quarantine = after(now, components.rules.quarantineMs(components.membership.config));
    const state = loadVoter(init.disk, init.self, init.durable, quarantine);
    this.#parts = { ...components, state };
    this.#late = new LateHosts({ state, rules: components.rules });
  }

  /** This disk's durable and volatile memory, for snapshots and status. */
  get state(): VoterState {
    return this.#parts.state;
  }

  /** Whether it answers for the current configuration. */
  get active(): boolean {
    const { state, rules, membership } = this.#parts;
    return state.activeCfg === membership.config.number && rules.answersFor(state.disk, membership.config);
  }

  /** What is left of the quarantine, in milliseconds; 0 when it is over. */
  quarantineMs(now: Now): number {
    return Math.max(0, voterRemainingMs(this.#parts.state.quarantineUntil, now));
  }

  /** Answers one request; silence is an answer too. */
  handle(from: HostId, request: VoterRequest, now: Now): void {
    const { outbox } = this.#parts;
    const reply = isServed(request) ? this.#serve(from, request, now) : this.#change(request, now);
    if (reply !== undefined) outbox.send(from, reply);
  }

  /** RENEW, PREPARE, FENCE, ACCEPT: only for the configuration that this voter was activated for, never once sealed. */
  #serve(from: HostId, request: Served, now: Now): Message | undefined {
    const { state, rules, membership } = this.#parts;
    const { config } = membership;
    if (state.sealed !== undefined && state.sealed.number > request.cfg && !rules.answersWhenSealed())
      return membership.notice(state.sealed, true);
    if (request.cfg < config.number && !rules.answersWhenSealed()) return membership.notice(config, false);
    if (!this.active || (request.cfg !== config.number && !rules.answersWhenSealed())) return undefined;
    const { fleet, cfg, life } = request;
    const head = { fleet, cfg, life, voter: state.disk };
    switch (request.kind) {
      case "renew": {
        const verdict = onRenew(this.#parts, config, from, request, now);
        const late = this.#late.list(config, now);
        return { ...head, kind: "renew-reply", inc: request.inc, attempt: request.attempt, verdict, late };
      }
      case "prepare":
        if (request.ballot.host !== from) return undefined;
        return { ...head, kind: "prepare-reply", ballot: request.ballot, ...onPrepare(this.#parts, request, now) };
      case "accept":
        if (request.ballot.host !== from) return undefined;
        return { ...head, kind: "accept-reply", ballot: request.ballot, results: onAccept(this.#parts, request) };
      case "fence": {
        const verdict = onFence(this.#parts, from, request, now);
        return { ...head, kind: "fence-reply", host: request.host, inc: request.inc, verdict };
      }
    }
  }

  /** Change of the voter set, section 7. */
  #change(request: Exclude<VoterRequest, Served>, now: Now): Message | undefined {
    switch (request.kind) {
      case "propose-config":
        return onProposeConfig(this.#parts, request);
      case "seal":
        return onSeal(this.#parts, request);
      case "snapshot":
        return onSnapshot(this.#parts, request);
      case "install":
        return onInstall(this.#parts, request);
      case "activate":
        return onActivate(this.#parts, request, now);
    }
  }
}

type Served = Extract<VoterRequest, { readonly kind: "renew" | "prepare" | "accept" | "fence" }>;

function isServed(request: VoterRequest): request is Served {
  return (
    request.kind === "renew" || request.kind === "prepare" || request.kind === "accept" || request.kind === "fence"
  );
}
