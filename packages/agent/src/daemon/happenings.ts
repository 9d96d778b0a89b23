/** What happened, as entries of the journal: beside the protocol's own notes, what this host did and what it noticed. */
import type { Act, HostId, Note, OperatorCommand } from "@berth/claims";
import type { MemberDocument } from "../fleet/member-document.ts";
import type { DeadManSign } from "../ports/dead-man-link.ts";
import type { ActEnd } from "./act-performer.ts";

const actCodes: Readonly<Record<Act["kind"], readonly [code: string, done: string]>> = {
  "start-paused": ["GUEST_STARTED", "started, paused until its claim is seen to hold"],
  resume: ["GUEST_RESUMED", "resumed"],
  suspend: ["GUEST_SUSPENDED", "suspended"],
  shutdown: ["GUEST_STOPPED", "shut down"],
  destroy: ["GUEST_DESTROYED", "destroyed"],
  "clear-autostart": ["AUTOSTART_CLEARED", "no longer started by libvirt itself"],
};

/** The end of an act; undefined for one that failed, of which the protocol speaks itself. */
export function actNote({ kind, guest, why }: Act, { outcome }: ActEnd): Note | undefined {
  if (outcome === "failed") return undefined;
  const [code, done] = actCodes[kind];
  return { level: "info", code, guest, text: `${guest} is ${done}: ${why}` };
}

/** The first entry of a life. Where no {@link lifeEnds} stands before it, the life before was cut off. */
export function lifeBegins(host: string, fleet: string): Note {
  return { level: "info", code: "LIFE_BEGINS", text: `the agent of ${host} begins, in fleet ${fleet}` };
}

/** The last entry of a life that ended in order. */
export const lifeEnds: Note = {
  level: "info",
  code: "LIFE_ENDS",
  text: "the agent ends in order; its guests run on until the lease ends",
};

/** What somebody asked of this host. */
export function operatorNote(command: OperatorCommand): Note {
  const note = { level: "info", code: "OPERATOR" } as const;
  switch (command.kind) {
    case "drain":
      return { ...note, text: "asked to drain this host" };
    case "undrain":
      return { ...note, text: "asked to take guests here again" };
    case "release": {
      const to = command.to === undefined ? "" : ` for ${command.to}`;
      return { ...note, guest: command.guest, text: `asked to release ${command.guest}${to}` };
    }
    case "claim":
      return { ...note, guest: command.guest, text: `asked to take ${command.guest} over here` };
    case "confirm-dead":
      return { ...note, host: command.host, text: `${command.operator} vouches that ${command.host} is off` };
    case "change-voters":
      return { ...note, text: `asked for the voters ${command.voters.map(({ host }) => host).join(", ")}` };
    case "reset-quorum": {
      const { operator, reason, voters } = command;
      return {
        ...note,
        text: `${operator} resets the quorum to ${voters.map(({ host }) => host).join(", ")}: ${reason}`,
      };
    }
  }
}

/** What of this host comes and goes. */
export interface HostCondition {
  readonly leased: boolean;
  readonly deadMan: DeadManSign["kind"];
  /** Why a hypervisor does not answer. */
  readonly hypervisorProblem: string | undefined;
  /** That this host is no member any more, in words; undefined while it is one. */
  readonly removed: string | undefined;
}

/** What a host that was taken off the list says: by which list, what becomes of its guests, and what to do. */
export function removedText(self: HostId, { fleet, number }: Pick<MemberDocument, "fleet" | "number">): string {
  return (
    `${self} was removed from fleet ${fleet} (member list ${number}): its guests pause when its lease ends, and others take them over; ` +
    "`berth fleet leave` here, and `berth fleet join TOKEN` to come back"
  );
}

/** Notes for what changed between two looks; at the first one nothing has changed yet, but for a membership that is over. */
export class ConditionWatch {
  #before: HostCondition | undefined;

  look(now: HostCondition): readonly Note[] {
    const before = this.#before;
    this.#before = now;
    const removed = removedNotes(before?.removed, now.removed);
    if (before === undefined) return removed;
    return [...removed, ...leaseNotes(before, now), ...deadManNotes(before, now), ...hypervisorNotes(before, now)];
  }
}

function removedNotes(before: string | undefined, now: string | undefined): readonly Note[] {
  if (before !== undefined || now === undefined) return [];
  return [{ level: "alarm", code: "FLEET_REMOVED", text: now }];
}

function leaseNotes(before: HostCondition, { leased }: HostCondition): readonly Note[] {
  if (before.leased === leased) return [];
  if (leased) return [{ level: "info", code: "LEASE_HELD", text: "a majority of the voters grants the lease" }];
  const text = "the lease has run out: no majority of the voters is heard, and guests here pause";
  return [{ level: "warning", code: "LEASE_LOST", text }];
}

function deadManNotes(before: HostCondition, { deadMan }: HostCondition): readonly Note[] {
  if (before.deadMan === deadMan) return [];
  if (deadMan === "alive") return [{ level: "info", code: "DEAD_MAN_ALIVE", text: "the dead-man watches" }];
  const said = { silent: "silent", absent: "absent", "other-clocks": "on other clocks than the agent" }[deadMan];
  const text = `the dead-man is ${said}: no guest is started or resumed here`;
  return [{ level: "warning", code: "DEAD_MAN_SILENT", text }];
}

function hypervisorNotes(before: HostCondition, { hypervisorProblem: problem }: HostCondition): readonly Note[] {
  if ((before.hypervisorProblem === undefined) === (problem === undefined)) return [];
  if (problem === undefined) return [{ level: "info", code: "HYPERVISOR_BACK", text: "the hypervisor answers again" }];
  return [{ level: "warning", code: "HYPERVISOR_LOST", text: `the hypervisor does not answer: ${problem}` }];
}
