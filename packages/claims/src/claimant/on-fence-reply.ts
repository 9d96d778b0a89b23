import type { FenceReply } from "../messages.ts";
import type { Now } from "../time.ts";
import type { Claiming } from "./claiming.ts";
import type { FenceStand } from "./fences.ts";
import { accept } from "./on-prepare-reply.ts";

/** A fence round moved (section 4.2): complete, every try that waited for it may write; called live, they all back off. */
export function onFenceStand(claimant: Claiming, reply: FenceReply, stand: FenceStand, now: Now): void {
  if (stand.kind === "open") return;
  for (const attempt of [...claimant.attempts.values()]) {
    for (const t of [...attempt.tries.values()]) {
      const owner = t.best?.value;
      if (t.phase !== "fencing" || owner?.owner !== reply.host || owner.inc !== reply.inc) continue;
      if (stand.kind === "fenced") accept(claimant, attempt, t, now);
      else claimant.finish(attempt, t, { kind: "elsewhere", value: owner, retryAtMs: stand.retryAtMs });
    }
  }
}
