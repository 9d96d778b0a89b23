import type { AcceptReply } from "../messages.ts";
import type { Now } from "../time.ts";
import { attemptKey } from "./attempt.ts";
import type { Claiming } from "./claiming.ts";
import { onRejected } from "./on-prepare-reply.ts";

/** Accepts come in (section 4.2): a majority makes the value chosen, and nothing can undo that but a fence or a release. */
export function onAcceptReply(claimant: Claiming, reply: AcceptReply, now: Now): void {
  const { rules, membership } = claimant.parts;
  const attempt = claimant.attempts.get(attemptKey(reply.ballot));
  if (attempt === undefined) return;
  for (const result of reply.results) {
    const t = attempt.tries.get(result.guest);
    if (t === undefined || t.phase !== "accepting" || t.value === undefined) continue;
    if (result.rejectedBy !== undefined) claimant.sawBallot(result.rejectedBy);
    if (result.rejectedBy !== undefined || result.fenced === true) {
      onRejected(claimant, attempt, t, reply.voter, now);
      continue;
    }
    t.accepts.push(reply.voter);
    if (rules.isQuorum(membership.voterIds, t.accepts)) claimant.finish(attempt, t, { kind: "chosen", value: t.value });
  }
}
