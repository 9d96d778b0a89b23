/**
 * `reset-quorum`: no majority of the old set is left, and an operator vouches for what that means (section 7).
 *
 * The new set is founded from this host's own voter. That voter may lag: a claim that the lost majority chose may be missing
 * here. So *every* known incarnation is fenced, the survivors' included: all of them take their guests down, become a
 * new incarnation and claim again. It costs memory of paused guests and never a double run, if the operator told the truth.
 */
import { ballotAbove } from "../ballot.ts";
import type { OperatorCommand } from "../events.ts";
import { grantMs } from "../profile.ts";
import { isVoterCountAllowed } from "../quorum.ts";
import type { Rules } from "../rules.ts";
import type { Now } from "../time.ts";
import { allPages } from "../voter/on-snapshot.ts";
import type { Configuration, HostId, KnownHost } from "../words.ts";
import type { ChangeParts } from "./parts.ts";
import { type Change, newChange } from "./phases.ts";

/** Incarnations that the lost majority may have granted without this voter's knowledge lie below this distance. */
const unseenIncarnations = 1_000_000;

/** Prepares the copy to the new set; undefined, with a note, when it cannot be founded here. */
export function foundFromReset(
  parts: ChangeParts,
  command: Extract<OperatorCommand, { readonly kind: "reset-quorum" }>,
  _now: Now,
): Change | undefined {
  const { membership, voter, outbox, self, holder } = parts;
  const { config } = membership;
  if (voter === undefined || voter.state.activeCfg === undefined || !isVoterCountAllowed(command.voters.length)) {
    outbox.note({
      level: "warning",
      code: "RESET_REFUSED",
      text: "only a host with a voter of the present set can found a new set, of 1, 3, 5 or 7 voters",
    });
    return undefined;
  }
  const { deadHosts, operator, reason } = command;
  const next: Configuration = {
    number: config.number + 1,
    voters: command.voters,
    profile: config.profile,
    quarantineMs: grantMs(config.profile),
    reset: { deadHosts, operator, reason },
  };
  const { life } = holder.identity;
  const change = newChange(
    config,
    next,
    "installing",
    ballotAbove(0, self, life),
    `${self}/${life}/reset/${next.number}`,
  );
  change.pages = allPages({
    hosts: fenceAll(parts.rules, voter.state.hosts, deadHosts),
    registers: voter.state.registers,
  });
  outbox.note({ level: "alarm", code: "QUORUM_RESET", text: `${operator}: ${reason}; dead: ${deadHosts.join(", ")}` });
  return change;
}

function fenceAll(
  rules: Rules,
  hosts: ReadonlyMap<HostId, KnownHost>,
  dead: readonly HostId[],
): Map<HostId, KnownHost> {
  const fenced = new Map<HostId, KnownHost>();
  for (const host of new Set([...hosts.keys(), ...dead])) {
    const known = hosts.get(host);
    if (known !== undefined && !rules.fencesAtReset(dead.includes(host))) {
      fenced.set(host, known);
      continue;
    }
    const until = Math.max(known?.inc ?? 0, known?.fenced ?? 0) + unseenIncarnations;
    fenced.set(host, { inc: until, nonce: "", fenced: until });
  }
  return fenced;
}
