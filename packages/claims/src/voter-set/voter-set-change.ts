/**
 * Change of the voter set (section 7): choose C+1 on the old voters, seal a majority of them, copy what they remember, write it
 * to a majority of the new set, activate.
 *
 * Every step can be repeated by anybody: the choice is a Paxos register, a seal names what was chosen, sealed memory does
 * not change, and a new voter believes only a whole copy. So a coordinator that dies half-way is replaced by whoever
 * notices that old voters are sealed and no new ones answer.
 */
import { ballotAbove } from "../ballot.ts";
import type { OperatorCommand } from "../events.ts";
import type { VoterReply } from "../messages.ts";
import { grantMs } from "../profile.ts";
import { isVoterCountAllowed, majority } from "../quorum.ts";
import type { Now } from "../time.ts";
import type { Configuration, HostId, Voter as VoterEntry } from "../words.ts";
import type { ChangeParts } from "./parts.ts";
import { type Change, newChange, onChangeReply, sendPhase } from "./phases.ts";
import { foundFromReset } from "./reset-quorum.ts";
import { Stragglers } from "./stragglers.ts";

/** What was not answered is sent again after this long. */
const resendMs = 500;

/** How often voters that missed the copy are asked. */
const stragglersMs = 5_000;

/** One host's part in changes of the voter set: begins them, and completes those that others left. */
export class VoterSetChange {
  readonly #parts: ChangeParts;
  #change: Change | undefined;
  #stragglers: Stragglers | undefined;
  #highestSeen = 0;
  #copies = 0;
  nextWakeMs = Number.POSITIVE_INFINITY;

  constructor(parts: ChangeParts, now: Now) {
    this.#parts = parts;
    if (parts.membership.config.previous !== undefined) this.watch(now);
  }

  /** An operator's wish for another set. Refused, with a note, when its size is not allowed (never even, never above 7). */
  begin(voters: readonly VoterEntry[], now: Now): void {
    const { membership, outbox } = this.#parts;
    const { config } = membership;
    if (this.#change !== undefined) {
      // Asked again while the first wish is still being carried out: forgetting a sealed copy half-way would leave nobody to answer.
      outbox.note({ level: "warning", code: "CHANGE_UNDER_WAY", text: "a change of the voters is under way already" });
      return;
    }
    if (!isVoterCountAllowed(voters.length) || new Set(voters.map((v) => v.voter)).size !== voters.length) {
      outbox.note({
        level: "warning",
        code: "VOTER_COUNT",
        text: "a voter set has 1, 3, 5 or 7 different voters",
      });
      return;
    }
    const next: Configuration = {
      number: config.number + 1,
      voters,
      profile: config.profile,
      quarantineMs: grantMs(config.profile),
      previous: { number: config.number, voters: config.voters },
    };
    this.#run(config, next, "choosing", now);
  }

  /** Founds a new set from this host's own voter; true when that happened. */
  reset(command: Extract<OperatorCommand, { readonly kind: "reset-quorum" }>, now: Now): boolean {
    const founded = foundFromReset(this.#parts, command, now);
    if (founded === undefined) return false;
    this.#change = founded;
    this.#send(now);
    return true;
  }

  /** Looks, every few seconds, whether a change that began somewhere is ever completed. */
  watch(now: Now): void {
    this.nextWakeMs = Math.min(this.nextWakeMs, now.bootMs + resendMs * (4 + 4 * this.#parts.random.next()));
  }

  /** An old voter is sealed: whoever hears it looks after a while whether somebody completes the change. */
  onSealedNotice(now: Now): void {
    if (this.#change !== undefined || Number.isFinite(this.nextWakeMs)) return;
    this.nextWakeMs = now.bootMs + resendMs * (2 + 2 * this.#parts.random.next());
  }

  #run(old: Pick<Configuration, "number" | "voters">, next: Configuration, phase: Change["phase"], now: Now): void {
    const { self, holder } = this.#parts;
    this.#copies += 1;
    const { life } = holder.identity;
    const copy = `${self}/${life}/${this.#copies}`;
    this.#change = newChange(old, next, phase, ballotAbove(this.#highestSeen, self, life), copy);
    this.#send(now);
  }

  #send(now: Now): void {
    if (this.#change !== undefined) sendPhase(this.#parts, this.#change);
    this.nextWakeMs = this.#change === undefined ? Number.POSITIVE_INFINITY : now.bootMs + resendMs;
  }

  /** `completed`: the new configuration was taken in this step. `not-mine`: an answer to somebody else. */
  onReply(from: HostId, reply: VoterReply, now: Now): "completed" | "handled" | "not-mine" {
    const change = this.#change;
    if (isChangeReply(reply)) this.#stragglers?.onReply(from, reply);
    if (change === undefined || !isChangeReply(reply)) return isChangeReply(reply) ? "handled" : "not-mine";
    const before = change.phase;
    if ("rejectedBy" in reply && reply.rejectedBy !== undefined)
      this.#highestSeen = Math.max(this.#highestSeen, reply.rejectedBy.n);
    onChangeReply(this.#parts, change, from, reply);
    if (change.phase === "rejected") {
      this.#change = undefined;
      this.#parts.outbox.note({
        level: "warning",
        code: "CHANGE_REFUSED",
        text: "another change of voters came first",
      });
      return "handled";
    }
    if (change.phase === before) return "handled";
    if (change.phase !== "complete") {
      this.#send(now);
      return "handled";
    }
    return this.#complete(change, now);
  }

  #complete(change: Change, now: Now): "completed" | "handled" {
    const { membership, outbox } = this.#parts;
    this.#change = undefined;
    this.#stragglers = new Stragglers(this.#parts, change, change.activated);
    this.nextWakeMs = now.bootMs + stragglersMs;
    const taken = membership.adopt(change.next);
    outbox.send("*", membership.notice(change.next, false));
    return taken ? "completed" : "handled";
  }

  tick(now: Now): void {
    if (now.bootMs < this.nextWakeMs) return;
    this.nextWakeMs = Number.POSITIVE_INFINITY;
    if (this.#change !== undefined && !this.#isOver(this.#change, now)) {
      this.#send(now);
      return;
    }
    this.#change = undefined;
    const { begun, config } = this.#parts.membership;
    if (begun !== undefined && begun.number === config.number + 1) this.#run(config, begun, "sealing", now);
    else if (config.previous !== undefined && this.#isStuck(now)) this.#run(config.previous, config, "sealing", now);
    else if (config.previous !== undefined) this.watch(now);
    if (this.#change !== undefined) return;
    if (this.#stragglers?.ask() === true) this.nextWakeMs = Math.min(this.nextWakeMs, now.bootMs + stragglersMs);
    else this.#stragglers = undefined;
  }

  /**
   * A set that grants this host a lease answers, so there is nothing to complete. Going on could need an old voter that was lost
   * since, for ever, and no other change could begin. To stop is what a crash would do, and that may come at any moment.
   */
  #isOver(change: Change, now: Now): boolean {
    const { membership, holder } = this.#parts;
    return change.next.number <= membership.config.number && holder.isLeased(now);
  }

  /** This configuration was taken, and too few of its voters answer: perhaps nobody has copied the registers to them. */
  #isStuck(now: Now): boolean {
    const { membership, holder, hypervisor } = this.#parts;
    return hypervisor && !holder.isLeased(now) && holder.votersHeard(now) < majority(membership.config.voters.length);
  }
}

function isChangeReply(reply: VoterReply): boolean {
  return ["propose-config-reply", "seal-reply", "snapshot-reply", "install-reply", "activate-reply"].includes(
    reply.kind,
  );
}
