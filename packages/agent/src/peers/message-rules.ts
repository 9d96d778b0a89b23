/** What a message's kind means for the wire: who may send it, what may overtake it, and how it is cut when it is too big. */
import type { Message } from "@berth/claims";
import type { MemberRole } from "../ports/peer-network.ts";

/** Whether a member of this role may say this. An observer asks for gossip; its own word, and any vote, is refused. */
export function isAllowed(role: MemberRole, message: Message): boolean {
  if (role !== "observer") return true;
  return message.kind === "gossip-digest" || message.kind === "gossip-summary" || message.kind === "gossip-want";
}

/** Gossip waits for votes and renewals, of which every millisecond counts. */
export function priorityOf(message: Message): "urgent" | "bulk" {
  switch (message.kind) {
    case "gossip-push":
    case "gossip-digest":
    case "gossip-summary":
    case "gossip-want":
    case "snapshot-reply":
    case "install":
      return "bulk";
    default:
      return "urgent";
  }
}

/** Two halves that mean the same together, where there are such. */
export function splitMessage(message: Message): readonly [Message, Message] | undefined {
  if (message.kind !== "gossip-push" || message.entries.length < 2) return undefined;
  const middle = message.entries.length >> 1;
  return [
    { ...message, entries: message.entries.slice(0, middle) },
    { ...message, entries: message.entries.slice(middle) },
  ];
}
