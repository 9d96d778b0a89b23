/**
 * Notices that are bigger than a frame.
 *
 * A notice is JSON. It is cut into pieces, each in a frame of its own, so that votes may go between them. The other side keeps the
 * pieces of one notice at a time, and of the newest: what a peer can make it keep is bounded by one notice, however many
 * it begins. Nothing of a notice is believed before it is whole and fits its schema.
 */
import type { HostId } from "@berth/claims";
import type { AgentNotice } from "../ports/agent-notice.ts";
import { type NoticeFrame, noticePartChars } from "./frame-schema.ts";
import { noticeSchema } from "./notice-schema.ts";
import type { Decoded } from "./wire-codec.ts";

/** The pieces of a text; no piece ends inside a character of two units. */
export function cutText(text: string, chars: number = noticePartChars): readonly string[] {
  const pieces: string[] = [];
  let at = 0;
  do {
    let end = Math.min(text.length, at + chars);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
    pieces.push(text.slice(at, end));
    at = end;
  } while (at < text.length);
  return pieces;
}

/** What became of a piece. `replayed`: of a notice that was whole before, or out of order. */
export type NoticeArrival = Decoded<AgentNotice> | { readonly kind: "waiting" } | { readonly kind: "replayed" };

/** Puts pieces together, one notice at a time. */
export class NoticeAssembly {
  #id = 0;
  #parts = 0;
  #next = 0;
  #pieces: string[] = [];

  /** Characters that wait for the rest of their notice. */
  get heldChars(): number {
    return this.#pieces.reduce((sum, { length }) => sum + length, 0);
  }

  take({ id, part, parts, text }: NoticeFrame): NoticeArrival {
    if (part === 0) {
      if (id <= this.#id) return { kind: "replayed" };
      this.#id = id;
      this.#parts = parts;
      this.#next = 0;
      this.#pieces = [];
    } else if (id !== this.#id || part !== this.#next || parts !== this.#parts) {
      // The one before was dropped on the way, because its sender could not wait: nothing can be made of the rest.
      return id < this.#id || (id === this.#id && part < this.#next) ? { kind: "replayed" } : { kind: "waiting" };
    }
    this.#pieces.push(text);
    this.#next += 1;
    if (this.#next < this.#parts) return { kind: "waiting" };
    const whole = this.#pieces.join("");
    this.#pieces = [];
    return parseNotice(whole);
  }
}

function parseNotice(text: string): Decoded<AgentNotice> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "malformed", reason: "not JSON" };
  }
  const parsed = noticeSchema.safeParse(value);
  if (parsed.success) return { kind: "ok", value: parsed.data };
  const issue = parsed.error.issues[0];
  return { kind: "malformed", reason: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "does not fit"}` };
}

/** Not for observers, neither way: definitions hold secrets of guests, orders stop them. */
const membersOnly: ReadonlySet<AgentNotice["kind"]> = new Set([
  "definition",
  "definition-want",
  "order",
  "order-answer",
] as const);

/** Whether a member of this role may say this, or be told it. */
export function isNoticeAllowed(role: "voter" | "member" | "observer", notice: AgentNotice): boolean {
  return role !== "observer" || !membersOnly.has(notice.kind);
}

/** What the other side's release must know, beside notices, to take this one: to it, any other kind is malformed. */
export function featureOfNotice({ kind }: AgentNotice): string {
  return kind === "order" || kind === "order-answer" ? "orders" : "notices";
}

/** What a person reads of a notice that could not be sent. */
export function nameOfNotice(notice: AgentNotice, to?: HostId): string {
  const what = notice.kind === "definition" ? `the definition of guest ${notice.guest}` : `a notice (${notice.kind})`;
  return to === undefined ? what : `${what} for ${to}`;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
