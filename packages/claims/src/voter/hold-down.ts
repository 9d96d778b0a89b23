/**
 * Section 4.7: a voter that was deaf to most hosts for T_fence waits 5 s after it hears again before it calls anyone dead.
 *
 * After an outage of the network everybody's lease has run out, and the first host to get through would otherwise fence
 * the others, although they only pause and are about to come back. Deafness is noticed when it ends, at the first renewal of a
 * host that was itself silent that long: one host that dies, or returns, starts nothing.
 */
import type { Outbox } from "../outbox.ts";
import type { Rules } from "../rules.ts";
import { after, holderElapsedMs, type Now } from "../time.ts";
import type { Configuration, HostId } from "../words.ts";
import type { VoterState } from "./state.ts";

/** Notes that `from` was heard, and begins the hold-down when this ends a deafness. */
export function noteHeard(
  state: VoterState,
  components: { readonly rules: Rules; readonly outbox: Outbox },
  config: Configuration,
  from: HostId,
  now: Now,
): void {
  const last = state.heard.get(from);
  const silent = (heard: Now) => holderElapsedMs(heard, now) >= config.profile.fenceMs;
  if (from !== state.self && last !== undefined && silent(last) && wasDeaf(state, silent)) {
    state.holdDownUntil = after(now, components.rules.holdDownMs());
    components.outbox.note({
      level: "warning",
      code: "VOTER_HELD_DOWN",
      text: "heard nothing from most hosts; nobody is called dead for 5 s",
    });
  }
  state.heard.set(from, now);
}

/** More than half of the other, unfenced hosts were silent. */
function wasDeaf(state: VoterState, silent: (heard: Now) => boolean): boolean {
  let others = 0;
  let quiet = 0;
  for (const [host, heard] of state.heard) {
    const known = state.hosts.get(host);
    if (host === state.self || known === undefined || known.fenced >= known.inc) continue;
    others += 1;
    if (silent(heard)) quiet += 1;
  }
  return quiet * 2 > others;
}
