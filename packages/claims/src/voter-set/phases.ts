/** The phases of a change, one after the other: what is sent in each, and which answers end it. */
import type { Message, ProposeConfigReply, SnapshotPage, SnapshotReply, VoterReply } from "../messages.ts";
import type { Ballot, Configuration, HostId, Voter, VoterId } from "../words.ts";
import type { ChangeParts } from "./parts.ts";
import { mergeSnapshots } from "./snapshots.ts";

/** A change of the voter set that is under way. */
export interface Change {
  readonly old: Pick<Configuration, "number" | "voters">;
  next: Configuration;
  readonly ballot: Ballot;
  /** Names this copy, so that pages of different copies are never mixed. */
  readonly copy: string;
  phase: "choosing" | "writing" | "sealing" | "copying" | "installing" | "activating" | "complete" | "rejected";
  /** Voters that answered in this phase. */
  answers: VoterId[];
  rejections: VoterId[];
  best: { readonly ballot: Ballot; readonly next: Configuration } | undefined;
  readonly wanted: Configuration;
  readonly sealed: VoterId[];
  /** Voters of the new set that answer for it. */
  readonly activated: VoterId[];
  readonly snapshots: Map<VoterId, { readonly pages: SnapshotPage[]; cursor: string; whole: boolean }>;
  pages: readonly SnapshotPage[];
  readonly installed: Map<VoterId, Set<number>>;
}

/** A change at its beginning, in the given phase. */
export function newChange(
  old: Change["old"],
  next: Configuration,
  phase: Change["phase"],
  ballot: Ballot,
  copy: string,
): Change {
  return {
    ...{ old, next, wanted: next, ballot, copy, phase, answers: [], rejections: [], best: undefined },
    ...{ sealed: [], activated: [], snapshots: new Map(), pages: [], installed: new Map() },
  };
}

/** Sends what this phase still needs, to everybody who has not answered. */
export function sendPhase(parts: ChangeParts, change: Change): void {
  const { membership, holder, outbox } = parts;
  const head = { fleet: membership.fleet, life: holder.identity.life, cfg: change.old.number };
  const to = (voters: readonly Voter[], message: (v: Voter) => Message | undefined) => {
    for (const voter of voters) {
      const sent = change.answers.includes(voter.voter) ? undefined : message(voter);
      if (sent !== undefined) outbox.send(voter.host, sent);
    }
  };
  const { old, next, ballot, phase } = change;
  switch (phase) {
    case "choosing":
      to(old.voters, () => ({ kind: "propose-config", ...head, phase: "prepare", ballot }));
      return;
    case "writing":
      to(old.voters, () => ({ kind: "propose-config", ...head, phase: "accept", ballot, next }));
      return;
    case "sealing":
      to(old.voters, () => ({ kind: "seal", ...head, next }));
      return;
    case "copying":
      for (const voter of old.voters.filter((v) => change.sealed.includes(v.voter))) askSnapshot(parts, change, voter);
      return;
    case "installing":
      for (const voter of next.voters) sendPages(parts, change, voter);
      return;
    case "activating":
      for (const voter of next.voters) if (!change.answers.includes(voter.voter)) sendActivate(parts, change, voter);
      return;
    case "complete":
    case "rejected":
      return;
  }
}

function askSnapshot({ membership, holder, outbox }: ChangeParts, change: Change, voter: Voter): void {
  const snapshot = change.snapshots.get(voter.voter);
  if (snapshot?.whole === true) return;
  outbox.send(voter.host, {
    kind: "snapshot",
    fleet: membership.fleet,
    life: holder.identity.life,
    cfg: change.old.number,
    cursor: snapshot?.cursor ?? "",
  });
}

/** Sends the pages of the copy that a voter is not known to have. */
export function sendPages({ membership, holder, outbox }: ChangeParts, change: Change, voter: Voter): void {
  const have = change.installed.get(voter.voter);
  change.pages.forEach((page, pageNumber) => {
    if (have?.has(pageNumber)) return;
    outbox.send(voter.host, {
      kind: "install",
      fleet: membership.fleet,
      life: holder.identity.life,
      cfg: change.old.number,
      next: change.next,
      copy: change.copy,
      pageNumber,
      pageCount: change.pages.length,
      page,
    });
  });
}

/** Tells one voter to answer for the new set from now on. */
export function sendActivate({ membership, holder, outbox }: ChangeParts, change: Change, voter: Voter): void {
  const { next, copy, pages, old } = change;
  const head = { fleet: membership.fleet, life: holder.identity.life, cfg: old.number };
  outbox.send(voter.host, { kind: "activate", ...head, next, copy, pageCount: pages.length });
}

/** One answer; may move the change to its next phase. */
export function onChangeReply(parts: ChangeParts, change: Change, from: HostId, reply: VoterReply): void {
  if (reply.cfg !== change.old.number) return;
  const set =
    reply.kind === "install-reply" || reply.kind === "activate-reply" ? change.next.voters : change.old.voters;
  if (!set.some((v) => v.voter === reply.voter && v.host === from)) return;
  switch (reply.kind) {
    case "propose-config-reply":
      onProposed(parts, change, reply);
      return;
    case "seal-reply":
      if (change.phase !== "sealing" || !reply.sealed) return;
      change.sealed.push(reply.voter);
      advance(parts, change, change.old.voters, reply.voter, "copying");
      return;
    case "snapshot-reply":
      onSnapshotPage(parts, change, reply, from);
      return;
    case "install-reply":
      onInstalled(parts, change, reply);
      return;
    case "activate-reply":
      if (change.phase !== "activating" || reply.copy !== change.copy || !reply.active) return;
      change.activated.push(reply.voter);
      advance(parts, change, change.next.voters, reply.voter, "complete");
      return;
    default:
      return;
  }
}

/** Counts one voter; a majority of `set` ends the phase. */
function advance(
  parts: ChangeParts,
  change: Change,
  set: readonly Voter[],
  voter: VoterId,
  phase: Change["phase"],
): void {
  change.answers.push(voter);
  if (
    !parts.rules.isQuorum(
      set.map((v) => v.voter),
      change.answers,
    )
  )
    return;
  change.phase = phase;
  change.answers = [];
  change.rejections = [];
}

/** Section 7 (4): the highest accepted proposal wins over the own wish; the wish is then refused. */
function onProposed(parts: ChangeParts, change: Change, reply: ProposeConfigReply): void {
  const expected = change.phase === "choosing" ? "prepare" : change.phase === "writing" ? "accept" : undefined;
  if (reply.phase !== expected || reply.ballot.n !== change.ballot.n) return;
  if (reply.rejectedBy !== undefined) {
    if (!change.rejections.includes(reply.voter)) change.rejections.push(reply.voter);
    const voters = change.old.voters.map((v) => v.voter);
    if (parts.rules.isQuorum(voters, change.rejections)) change.phase = "rejected";
    return;
  }
  if (reply.phase === "accept") {
    advance(parts, change, change.old.voters, reply.voter, "sealing");
    return;
  }
  const { acceptedBallot, next } = reply;
  if (acceptedBallot !== undefined && next !== undefined)
    if (change.best === undefined || parts.rules.isHigher(acceptedBallot, change.best.ballot))
      change.best = { ballot: acceptedBallot, next };
  advance(parts, change, change.old.voters, reply.voter, "writing");
  if (change.best !== undefined) change.next = change.best.next;
}

/** Section 7 (2): whole snapshots of a majority are merged; the highest ballot and every fence survive. */
function onSnapshotPage(parts: ChangeParts, change: Change, reply: SnapshotReply, from: HostId): void {
  if (change.phase !== "copying") return;
  const snapshot = change.snapshots.get(reply.voter) ?? { pages: [], cursor: "", whole: false };
  if (snapshot.whole || reply.cursor !== snapshot.cursor) return;
  change.snapshots.set(reply.voter, snapshot);
  snapshot.pages.push(reply.page);
  if (reply.nextCursor !== undefined) {
    snapshot.cursor = reply.nextCursor;
    askSnapshot(parts, change, { voter: reply.voter, host: from });
    return;
  }
  snapshot.whole = true;
  const whole = [...change.snapshots].filter(([, s]) => s.whole);
  if (
    !parts.rules.copiesFrom(
      change.old.voters.map((v) => v.voter),
      whole.map(([voter]) => voter),
    )
  )
    return;
  change.pages = mergeSnapshots(whole.flatMap(([, s]) => s.pages));
  change.phase = "installing";
  change.answers = [];
}

function onInstalled(
  parts: ChangeParts,
  change: Change,
  reply: Extract<VoterReply, { readonly kind: "install-reply" }>,
): void {
  if (reply.copy !== change.copy || change.phase !== "installing") return;
  const have = change.installed.get(reply.voter) ?? new Set<number>();
  have.add(reply.pageNumber);
  change.installed.set(reply.voter, have);
  if (have.size < change.pages.length || change.answers.includes(reply.voter)) return;
  advance(parts, change, change.next.voters, reply.voter, "activating");
}
