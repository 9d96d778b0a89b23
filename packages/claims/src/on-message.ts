/** A message comes in: it goes to the small machine that asked for it or that it is for, or nowhere. */
import type { Life } from "./life.ts";
import type { GossipMessage, Message, VoterReply, VoterRequest } from "./messages.ts";
import type { Outbox } from "./outbox.ts";
import type { Rules } from "./rules.ts";
import type { Now } from "./time.ts";
import type { Configuration, HostId } from "./words.ts";

/** What the handling of messages needs besides the life. */
export interface MessageComponents {
  readonly rules: Rules;
  readonly outbox: Outbox;
}

/** One message whose sender the transport has authenticated. Another fleet's, and answers to an earlier life, are dropped. */
export function onMessage(components: MessageComponents, life: Life, from: HostId, message: Message, now: Now): void {
  if (message.fleet !== life.membership.fleet) return;
  if (message.kind === "config-notice") {
    onNotice(life, from, message.config, message.sealed, now);
    return;
  }
  if (isGossip(message)) {
    onGossip(components.outbox, life, from, message, now);
    return;
  }
  if (isRequest(message)) {
    const before = life.membership.config.number;
    life.voter?.handle(from, message, now);
    if (life.membership.config.number !== before) onConfigChange(life, now);
    return;
  }
  if (!components.rules.acceptsReply(message.life, life.holder.identity.life)) return;
  onReply(life, from, message, now);
}

/** Another voter set holds: what was under way with the old one begins anew. */
export function onConfigChange(life: Life, now: Now): void {
  life.holder.onConfigChange();
  life.change.watch(now);
  life.claimant.onConfigChange(now);
  life.guests.onConfigChange();
}

function onReply(life: Life, from: HostId, reply: VoterReply, now: Now): void {
  const { membership, holder, claimant, guests, change } = life;
  const changeReply = change.onReply(from, reply, now);
  if (changeReply === "completed") onConfigChange(life, now);
  if (changeReply !== "not-mine") return;
  if (reply.cfg !== membership.config.number || !membership.isVoter(reply.voter, from)) return;
  if (reply.kind === "renew-reply") {
    const { changed, late } = holder.onRenewReply(reply, now);
    if (changed) guests.touchAll();
    else if (late.size > 0) guests.touchOwnedBy(late);
  } else if (reply.kind === "prepare-reply") claimant.onPrepareReply(reply, now);
  else if (reply.kind === "accept-reply") claimant.onAcceptReply(reply, now);
  else if (reply.kind === "fence-reply") {
    claimant.onFenceReply(reply, now);
    guests.touchOwnedBy(new Set([reply.host]));
  }
}

function onNotice(life: Life, from: HostId, config: Configuration, sealed: boolean, now: Now): void {
  const { membership } = life;
  if (sealed) life.change.onSealedNotice(now);
  if (sealed ? membership.noteSealed(from, config) : membership.adopt(config)) onConfigChange(life, now);
}

/** Somebody who gossips under an older configuration is told of the present one. */
function onGossip(outbox: Outbox, life: Life, from: HostId, message: GossipMessage, now: Now): void {
  const { membership, gossip, guests } = life;
  if (message.kind === "gossip-digest" && message.cfg < membership.config.number)
    outbox.send(from, membership.notice(membership.config, false));
  gossip.onMessage(from, message, now);
  guests.onNews(gossip.takeNews(), now);
}

function isGossip(message: Message): message is GossipMessage {
  return message.kind.startsWith("gossip-");
}

const requestKinds: ReadonlySet<string> = new Set<VoterRequest["kind"]>([
  "renew",
  "prepare",
  "fence",
  "accept",
  "propose-config",
  "seal",
  "snapshot",
  "install",
  "activate",
]);

function isRequest(message: Message): message is VoterRequest {
  return requestKinds.has(message.kind);
}
