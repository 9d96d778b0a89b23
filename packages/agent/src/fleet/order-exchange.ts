/**
 * What an operator on one host asks of another: to give its guests up, to take guests again, to give one guest up.
 *
 * Only the owner of a claim can give it up, so the order travels and its agent carries it out as if it had been typed there. It goes over
 * the authenticated stream between two members; the answer says that it is being carried out, or why not. An order is never repeated
 * by itself and never kept for later: one that is not answered in time may have been taken, and its sender is told so.
 * Both hosts write down who asked, from where, before anything happens.
 */
import { randomBytes } from "node:crypto";
import type { HostId } from "@berth/claims";
import { reasonOf } from "../agent-error.ts";
import type { AgentNotice, NoticeChannel, OrderCommand } from "../ports/agent-notice.ts";
import type { MemberStatus } from "../ports/peer-network.ts";
import type { AuditEntry } from "./audit-trail.ts";
import type { FleetMember } from "./member-document.ts";

/** What became of an order, as far as its sender knows. */
export type OrderOutcome =
  /** The other host carries it out from now on. */
  | { readonly kind: "taken" }
  /** The other host says why it does not. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unknown-host" }
  /** This host, or the other one, is an observer or no member: it gives no orders and gets none. */
  | { readonly kind: "not-entitled"; readonly who: HostId }
  /** Not sent. The age is that of the last word of it, ms; absent where there never was one. */
  | { readonly kind: "not-reached"; readonly heardAgeMs?: number; readonly heardBy: readonly HostId[] }
  /** Not sent: its release does not know orders. */
  | { readonly kind: "too-old" }
  /** Not sent: this host cannot write down who asked, or has too much to ask already. */
  | { readonly kind: "not-recorded"; readonly reason: string }
  /** Sent, and no answer came. It may have been taken. */
  | { readonly kind: "unanswered"; readonly afterMs: number };

/** What the exchange works with. */
export interface OrderParts {
  readonly channel: NoticeChannel;
  readonly self: HostId;
  readonly members: () => readonly FleetMember[];
  readonly peers: () => readonly MemberStatus[];
  /** Carries an order of another host out, or says in one sentence why not. */
  readonly carryOut: (command: OrderCommand) => string | undefined;
  /** Writes it down, or rejects. */
  readonly record: (entry: Pick<AuditEntry, "operator" | "act" | "reason">) => Promise<void>;
  /** For the journal. `host` is the other one. */
  readonly note: (text: string, host: HostId, level: "info" | "warning") => void;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
  /** @default {@link answerMs} */
  readonly answerMs?: number;
}

/** An agent answers from memory: whoever takes longer is frozen or was cut off. @default 3 s, inside the local API's 5 */
export const answerMs = 3_000;
/** Orders of this host that wait for an answer. More at once is no person. */
const waitingMost = 64;
/** Orders of one other host at once, and in a second after that: a script that releases guest by guest fits, a flood of audit lines does not. */
const burst = 20;
const perSecond = 2;

/** Sends orders and carries out those of others. */
export class OrderExchange {
  readonly #parts: OrderParts;
  readonly #waiting = new Map<string, { readonly host: HostId; readonly done: (outcome: OrderOutcome) => void }>();
  readonly #allowances = new Map<HostId, { left: number; readMs: number }>();

  constructor(parts: OrderParts) {
    this.#parts = parts;
  }

  /** Asks another host; resolves with its answer, or with why there is none. Never rejects. */
  async ask(host: HostId, command: OrderCommand, operator: string): Promise<OrderOutcome> {
    const outcome = this.#obstacle(host) ?? (await this.#send(host, command, operator));
    const { text, level } = toldOutcome(outcome);
    this.#parts.note(`${operator} asked ${host} to ${actOf(command)}: ${text}`, host, level);
    return outcome;
  }

  /** Takes what another host sent. Its role has been checked. */
  take(from: HostId, notice: AgentNotice): void {
    if (notice.kind === "order") void this.#carryOut(from, notice);
    if (notice.kind !== "order-answer") return;
    const waiting = this.#waiting.get(notice.id);
    // Only the host that was asked may answer: another member does not know the id, and is not believed if it guesses it.
    if (waiting?.host !== from) return;
    waiting.done(notice.refusal === undefined ? { kind: "taken" } : { kind: "refused", reason: notice.refusal });
  }

  /** Answers everything that waits: the agent ends. */
  stop(): void {
    for (const { done } of this.#waiting.values()) done({ kind: "unanswered", afterMs: 0 });
  }

  #obstacle(host: HostId): OrderOutcome | undefined {
    const { members, self, peers } = this.#parts;
    const byName = new Map(members().map((member) => [member.hostId, member]));
    const own = byName.get(self);
    if (own === undefined || own.role === "observer") return { kind: "not-entitled", who: self };
    const other = byName.get(host);
    if (other === undefined) return { kind: "unknown-host" };
    if (other.role === "observer") return { kind: "not-entitled", who: host };
    const peer = peers().find(({ member }) => member.hostId === host);
    if (peer?.state === "incompatible") return { kind: "too-old" };
    if (peer?.state === "up") return undefined;
    const age = peer?.heardAgeMs === undefined ? {} : { heardAgeMs: peer.heardAgeMs };
    return { kind: "not-reached", ...age, heardBy: peer?.heardBy ?? [] };
  }

  async #send(host: HostId, command: OrderCommand, operator: string): Promise<OrderOutcome> {
    const { channel, record, self, answerMs: limitMs = answerMs } = this.#parts;
    if (this.#waiting.size >= waitingMost)
      return { kind: "not-recorded", reason: "too many orders wait for an answer" };
    try {
      await record({ operator, act: `ask ${host} to ${actOf(command)}`, reason: `asked for on ${self}` });
    } catch (error) {
      return { kind: "not-recorded", reason: reasonOf(error) };
    }
    const { promise, resolve } = Promise.withResolvers<OrderOutcome>();
    const id = randomBytes(16).toString("hex");
    const timer = setTimeout(() => done({ kind: "unanswered", afterMs: limitMs }), limitMs);
    const done = (outcome: OrderOutcome): void => {
      clearTimeout(timer);
      this.#waiting.delete(id);
      resolve(outcome);
    };
    this.#waiting.set(id, { host, done });
    const sent = channel.sendNotice(host, { kind: "order", id, command, operator });
    if (sent.kind === "queued") return promise;
    if (sent.reason === "unsupported") done({ kind: "too-old" });
    else if (sent.reason === "unknown-host") done({ kind: "unknown-host" });
    else if (sent.reason === "not-entitled") done({ kind: "not-entitled", who: host });
    else done({ kind: "not-reached", heardBy: [] });
    return promise;
  }

  async #carryOut(
    from: HostId,
    { id, command, operator }: Extract<AgentNotice, { readonly kind: "order" }>,
  ): Promise<void> {
    const { channel, note } = this.#parts;
    if (this.#isTooFast(from)) {
      // Nothing is written of these: a line for each frame of a flood would be another flood.
      channel.sendNotice(from, { kind: "order-answer", id, refusal: "it gets too many orders from there" });
      return;
    }
    const why = await this.#recordAndDo(from, command, operator);
    const asked = `${operator} on ${from} asked this host to ${actOf(command)}`;
    note(`${asked}: ${why ?? "it does"}`, from, why === undefined ? "info" : "warning");
    channel.sendNotice(from, { kind: "order-answer", id, ...(why === undefined ? {} : { refusal: why }) });
  }

  async #recordAndDo(from: HostId, command: OrderCommand, operator: string): Promise<string | undefined> {
    const { record, carryOut, peers } = this.#parts;
    try {
      await record({ operator, act: actOf(command), reason: `asked for on ${from}` });
    } catch (error) {
      return `it cannot write down who asked: ${reasonOf(error)}`.slice(0, 1_000);
    }
    // Writing takes time, in which the sender may have been removed from the fleet.
    if (!peers().some(({ member }) => member.hostId === from && member.role !== "observer"))
      return `${from} is no member`;
    return carryOut(command);
  }

  #isTooFast(from: HostId): boolean {
    const now = this.#parts.nowMs();
    const { left, readMs } = this.#allowances.get(from) ?? { left: burst, readMs: now };
    const filled = Math.min(burst, left + (Math.max(0, now - readMs) * perSecond) / 1_000);
    this.#allowances.set(from, { left: Math.max(0, filled - 1), readMs: now });
    return filled < 1;
  }
}

/** What an order is, as a person reads it after "to". */
export function actOf(command: OrderCommand): string {
  switch (command.kind) {
    case "drain":
      return "give its guests up (drain)";
    case "undrain":
      return "take guests again (undrain)";
    case "release":
      return `release ${command.guest}${command.to === undefined ? "" : ` for ${command.to}`}`;
  }
}

function toldOutcome(outcome: OrderOutcome): { readonly text: string; readonly level: "info" | "warning" } {
  switch (outcome.kind) {
    case "taken":
      return { text: "it does", level: "info" };
    case "refused":
      return { text: outcome.reason, level: "warning" };
    case "unknown-host":
      return { text: "no such member", level: "warning" };
    case "not-entitled":
      return { text: `${outcome.who} gives no orders and gets none`, level: "warning" };
    case "not-reached":
      return { text: "it is not heard", level: "warning" };
    case "too-old":
      return { text: "its release does not know orders", level: "warning" };
    case "not-recorded":
      return { text: `not sent: ${outcome.reason}`, level: "warning" };
    case "unanswered":
      return { text: "no answer came", level: "warning" };
  }
}
