/** What became of a try at the registers, and what this host makes of it. */
import type { Outcome } from "../claimant/try.ts";
import type { Now } from "../time.ts";
import type { ClaimValue } from "../words.ts";
import { endAdoption } from "./adoption.ts";
import { askAgainAt } from "./doubt.ts";
import { refreshMs } from "./owned.ts";
import type { GuestParts } from "./parts.ts";
import { type GuestState, isActive } from "./state.ts";

/** Takes note of one outcome; what to do about it is decided at the next look. */
export function onOutcome(parts: GuestParts, g: GuestState, outcome: Outcome, now: Now): void {
  switch (outcome.kind) {
    case "chosen":
      onChosen(parts, g, outcome.intent, outcome.value, now);
      return;
    case "elsewhere":
      // Whoever only asked has set the pause before it asks again; PREPAREs in a row would out-vote a claimant for ever.
      g.nextTryMs = outcome.intent === "refresh" ? Math.max(g.nextTryMs, outcome.retryAtMs) : outcome.retryAtMs;
      onElsewhere(parts, g, outcome.intent, outcome.value, now);
      return;
    case "failed":
      g.nextTryMs = outcome.retryAtMs;
      if (outcome.intent === "refresh") g.nextRefreshMs = outcome.retryAtMs;
      // A ballot that was merely too low is no answer about an owner that is not heard of: it is asked for again soon.
      if (outcome.intent === "claim") g.silenceAskedMs = 0;
      if (outcome.intent === "refresh") askAgainAt(g, outcome.retryAtMs);
      return;
  }
}

function onChosen(parts: GuestParts, g: GuestState, intent: Outcome["intent"], value: ClaimValue, now: Now): void {
  learn(g, value, now);
  parts.advertChanged(g);
  if (intent === "release") {
    g.released = undefined;
    parts.outbox.persist({ kind: "owned", guest: g.guest, value: null });
    parts.outbox.persist({ kind: "released", guest: g.guest, value: null });
    return;
  }
  if (intent === "refresh") return;
  // Won for an incarnation that ended meanwhile: the register stays ours to claim again, under the new one.
  if (value.inc !== parts.holder.identity.inc || parts.here.clearing) return;
  const { inc, epoch, runId } = value;
  g.owned = { inc, epoch, runId, by: "quorum" };
  g.staleCopy = g.adopting === undefined && isActive(g) && !parts.rules.keepsFoundCopy(epoch);
  endAdoption(parts, g);
  g.lostTo = undefined;
  g.wished = false;
  g.nextRefreshMs = now.bootMs + refreshMs;
  parts.outbox.persist({ kind: "owned", guest: g.guest, value: g.owned });
  parts.outbox.note({ level: "info", code: "CLAIMED", guest: g.guest, text: `${g.guest} is claimed, epoch ${epoch}` });
  parts.feedChanged();
}

function onElsewhere(
  parts: GuestParts,
  g: GuestState,
  intent: Outcome["intent"],
  value: ClaimValue | undefined,
  now: Now,
): void {
  if (value !== undefined) learn(g, value, now);
  parts.advertChanged(g);
  if (intent === "release") {
    g.released = undefined;
    parts.outbox.persist({ kind: "released", guest: g.guest, value: null });
    return;
  }
  const other = value !== undefined && value.owner !== null && value.owner !== parts.self;
  if (intent === "refresh" && g.owned !== undefined) loseClaim(parts, g, value);
  if (other && isActive(g) && g.owned === undefined) {
    g.lostTo = value.owner ?? undefined;
    endAdoption(parts, g);
    parts.feedChanged();
  }
}

/** The registers say that an owned guest is not this host's: overruled by `confirm-dead`, or by a fence not heard of yet. */
function loseClaim(parts: GuestParts, g: GuestState, value: ClaimValue | undefined): void {
  g.owned = undefined;
  parts.outbox.persist({ kind: "owned", guest: g.guest, value: null });
  parts.outbox.note({
    level: "alarm",
    code: "CLAIM_LOST",
    guest: g.guest,
    text: `the voters name ${value?.owner ?? "nobody"} as its owner`,
  });
  parts.feedChanged();
}

/** Takes what the registers said; they outrank gossip of the same epoch. */
function learn(g: GuestState, value: ClaimValue, now: Now): void {
  if (g.known !== undefined && g.known.epoch > value.epoch) return;
  if (g.known?.epoch !== value.epoch || g.known.owner !== value.owner) g.knownSinceMs = now.bootMs;
  g.known = value;
}
