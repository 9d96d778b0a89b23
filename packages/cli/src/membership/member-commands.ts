/** `berth fleet members|remove|role|voters`: who belongs to the fleet, and as what. */
import type { FleetMember, MemberDocument } from "@berth/agent/fleet/member-document";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { addOutputOptions, choiceArgument, outputChoice } from "../options.ts";
import type { ListView } from "../output/list-view.ts";
import type { OutputChoice, Session } from "../session.ts";
import { type Insistence, refuseWhileTied, type VotersKnown, votersKnown } from "./fleet-knowledge.ts";
import { addFleetOptions, collect, type FleetOptions, stateDirOf } from "./fleet-options.ts";

const roles = ["voter", "member", "observer"] as const;

/** Adds the sub-commands. */
export function defineMemberCommands(fleet: Command, session: Session): void {
  addFleetOptions(addOutputOptions(fleet.command("members")))
    .summary("list the hosts of the fleet")
    .description("Lists the hosts of the fleet, as the signed list has them, and which of them vote now.")
    .action((options: FleetOptions & OutputChoice) => listMembers(options, session));
  addFleetOptions(
    fleet.command("address").argument("<address...>", "where others reach this host, such as /ip4/192.0.2.7/tcp/7946"),
  )
    .summary("say where this host is reached now")
    .description("Says where this host is reached from the next start of its agent on, which tells the fleet.")
    .option("--listen <address>", "listen here from then on (otherwise as before); may be repeated", collect)
    .action((addresses: string[], options: FleetOptions & { readonly listen?: readonly string[] }) =>
      moveHere(addresses, options, session),
    );
  addInsistence(addFleetOptions(fleet.command("remove").argument("<host>", "the host that shall go")))
    .summary("take a host off the list")
    .description("Takes a host off the list: all others cut it at once, and it can come back with a new token only.")
    .addHelpText("after", removeHelp)
    .action((host: string, options: FleetOptions & Insistence) => removeMember(host, options, session));
  addInsistence(
    addFleetOptions(
      fleet
        .command("role")
        .argument("<host>", "whose role")
        .addArgument(choiceArgument("<role>", "what it may be", roles)),
    ),
  )
    .summary("say what a host may be: voter, member or observer")
    .description("Says what a host may be. A voter may hold a vote, a member only guests, an observer only reads.")
    .action((host: string, role: FleetMember["role"], options: FleetOptions & Insistence) =>
      changeRole(host, role, options, session),
    );
  addFleetOptions(addOutputOptions(fleet.command("voters")))
    .summary("show or choose the hosts that vote")
    .description("Shows who votes and who shall. Without a choice, as many as are recommended do: 1, 3 or 5.")
    .option("--set <hosts>", "let these hosts vote: 1, 3, 5 or 7 of them, separated by commas", collect)
    .option("--auto", "let the fleet choose again")
    .action((options: FleetOptions & OutputChoice & VoterOptions) => voters(options, session));
}

interface VoterOptions {
  readonly set?: readonly string[];
  readonly auto?: true;
}

function addInsistence(command: Command): Command {
  return command
    .option("--force", "do it although the host owns guests, or votes, or nobody can be asked")
    .option("--reason <text>", "why; needed with --force, and written down")
    .option("--operator <name>", "who says so (otherwise the user who is signed in)");
}

/** One host as the table shows it. */
interface MemberRow extends FleetMember {
  readonly votes: boolean;
}

const memberView: ListView<MemberRow> = {
  kind: "MemberList",
  columns: [
    { title: "NAME", cell: ({ hostId }) => hostId },
    { title: "ROLE", cell: ({ role }) => role },
    { title: "VOTES", cell: ({ votes }) => (votes ? "yes" : "no") },
    { title: "RUNS GUESTS", cell: ({ hypervisor }) => (hypervisor ? "yes" : "no") },
    { title: "ADDRESSES", cell: ({ addresses }) => addresses.join(",") || "-" },
    { title: "DISK", cell: ({ disk }) => disk, wide: true },
    { title: "PEER ID", cell: ({ peerId }) => peerId, wide: true },
  ],
  name: ({ hostId }) => `host/${hostId}`,
  json: ({ hostId, role, votes, hypervisor, addresses, disk, peerId }) => ({
    ...{ name: hostId, role, votes, runs_guests: hypervisor, addresses, disk, peer_id: peerId },
  }),
};

async function listMembers(options: FleetOptions & OutputChoice, session: Session): Promise<void> {
  const { members, self } = await homeOf(options, session);
  const { config, from } = await votersKnown(options, session);
  const rows = members.members.map((member) => ({ ...member, votes: isVoter(member, config) }));
  await session.list(memberView, rows, outputChoice(options), {
    asSeenBy: self,
    extra: { fleet: members.fleet, number: members.number, configuration: config.number },
  });
  if (from === "store") noteOldWord(session);
}

async function moveHere(
  advertise: readonly string[],
  options: FleetOptions & { readonly listen?: readonly string[] },
  session: Session,
): Promise<void> {
  const { moveHost } = await import("@berth/agent/fleet/fleet-home");
  moveHost(await stateDirOf(options, session), { advertise, listen: options.listen });
  session.note(`Written down: ${advertise.join(", ")}. It holds from the next start of the agent on.`);
}

/** Takes a host off the list. @throws CliError REFUSED, NOT_FOUND, USAGE */
export async function removeMember(host: string, options: FleetOptions & Insistence, session: Session): Promise<void> {
  const members = await membersOf(options, session);
  requireMember(host, members);
  const { self } = await homeOf(options, session);
  if (host === self && options.force !== true) {
    throw new CliError("REFUSED", `${host} is this very host, which signs for the fleet`, {
      remedy: "Copy fleet.key to another host and remove this one from there.",
    });
  }
  const remedy = `Run \`berth drain ${host} --wait\` and \`berth fleet role ${host} member\`, wait, and remove it then; or --force with --reason, if it is gone for good.`;
  await refuseWhileTied({ host, act: `remove ${host}`, remedy }, options, options, session);
  const { withoutMember } = await import("@berth/agent/fleet/member-changes");
  const { revokeUsedBy } = await import("@berth/agent/fleet/token-book");
  const peerId = members.members.find(({ hostId }) => hostId === host)?.peerId ?? "";
  const nowMs = session.terminal.nowMs();
  await change(options, session, (body, tokens) => ({
    tokens: revokeUsedBy(tokens, peerId, nowMs),
    change: withoutMember(body, host),
  }));
  session.note(
    `${host} is off the list. Every host that hears of it cuts ${host}, whose guests pause when its lease ends.`,
  );
}

async function changeRole(
  host: string,
  role: FleetMember["role"],
  options: FleetOptions & Insistence,
  session: Session,
): Promise<void> {
  requireMember(host, await membersOf(options, session));
  if (role === "observer") {
    const remedy = `Run \`berth drain ${host} --wait\` and \`berth fleet role ${host} member\` first, and wait until both are done.`;
    await refuseWhileTied({ host, act: `make ${host} an observer`, remedy }, options, options, session);
  }
  const { withRole } = await import("@berth/agent/fleet/member-changes");
  const isNew = await change(options, session, (body) => withRole(body, host, role));
  session.note(isNew ? `${host} is ${role} now.` : `${host} is ${role} already.`);
}

async function voters(options: FleetOptions & OutputChoice & VoterOptions, session: Session): Promise<void> {
  if (options.set !== undefined || options.auto === true) {
    if (options.set !== undefined && options.auto === true) {
      throw new CliError("USAGE", "--set and --auto say different things");
    }
    const known = await membersOf(options, session);
    for (const host of options.set ?? []) requireMember(host, known);
    const { withVoters } = await import("@berth/agent/fleet/member-changes");
    const isNew = await change(options, session, (body) => withVoters(body, options.set));
    session.note(
      isNew
        ? "Signed. The agent of this host changes the voters once all new ones are heard: seal, copy, activate."
        : "That was asked for already.",
    );
    return;
  }
  const { members, self } = await homeOf(options, session);
  const { config, from } = await votersKnown(options, session);
  const wanted = members.voters;
  const rows = members.members
    .filter((member) => member.role === "voter" || isVoter(member, config))
    .map((member) => ({ ...member, votes: isVoter(member, config) }));
  await session.list(voterView(wanted), rows, outputChoice(options), {
    asSeenBy: self,
    extra: { configuration: config.number },
  });
  for (const { voter, host } of config.voters) {
    if (members.members.some((member) => member.disk === voter)) continue;
    session.note(`Voter ${voter} on ${host} is not on the list: its disk was replaced, or its host was removed.`);
  }
  if (from === "store") noteOldWord(session);
}

function voterView(wanted: readonly string[] | undefined): ListView<MemberRow> {
  const shall = ({ hostId }: MemberRow) =>
    wanted === undefined ? "automatic" : wanted.includes(hostId) ? "yes" : "no";
  return {
    kind: "VoterList",
    columns: [
      { title: "NAME", cell: ({ hostId }) => hostId },
      { title: "VOTES", cell: ({ votes }) => (votes ? "yes" : "no") },
      { title: "SHALL VOTE", cell: shall },
      { title: "VOTER", cell: ({ disk }) => disk },
    ],
    name: ({ hostId }) => `host/${hostId}`,
    json: (row) => ({ name: row.hostId, votes: row.votes, shall_vote: shall(row), voter: row.disk }),
  };
}

type Change = Parameters<typeof import("@berth/agent/fleet/fleet-ledger")["changeMembers"]>[2];

/** Signs a change. False when the list says so already. @throws CliError REFUSED with the reason */
async function change(options: FleetOptions, session: Session, wish: Change): Promise<boolean> {
  const { changeMembers } = await import("@berth/agent/fleet/fleet-ledger");
  const outcome = await changeMembers(await stateDirOf(options, session), session.terminal.nowMs(), wish);
  if (outcome.kind === "refused") throw new CliError("REFUSED", outcome.why);
  return outcome.kind === "changed";
}

async function homeOf(options: FleetOptions, session: Session) {
  const { openFleetHome } = await import("@berth/agent/fleet/fleet-home");
  return openFleetHome(await stateDirOf(options, session));
}

/** The list on this host's disk: the agent saves every newer one before it uses it. */
async function membersOf(options: FleetOptions, session: Session): Promise<MemberDocument> {
  return (await homeOf(options, session)).members;
}

function requireMember(host: string, { members, fleet }: MemberDocument): void {
  const known = members.map(({ hostId }) => hostId);
  if (known.includes(host)) return;
  throw new CliError("NOT_FOUND", `there is no host "${host}" in fleet ${fleet}`, { unknown: { word: host, known } });
}

function isVoter({ disk, hostId }: FleetMember, config: VotersKnown["config"]): boolean {
  return config.voters.some(({ voter, host }) => voter === disk && host === hostId);
}

function noteOldWord(session: Session): void {
  session.note("No agent runs here: who votes is what this host last knew.");
}

const removeHelp = `
Run it where the fleet key is. A host that owns guests or votes is refused (exit code 6). With --force it is removed all the same:
its guests pause when its lease ends, and others take them over.
`;
