/** `berth fleet init|join|leave`: how a host comes into a fleet and out of it. */
import type { Command } from "commander";
import { Option } from "commander";
import { CliError } from "../cli-error.ts";
import { choiceOption } from "../options.ts";
import { parsePeriod } from "../period.ts";
import type { Session } from "../session.ts";
import { version } from "../version.ts";
import { startAgentUnit } from "./agent-unit.ts";
import { type Insistence, recordInsistence } from "./fleet-knowledge.ts";
import { addFleetOptions, collect, type FleetOptions, stateDirOf } from "./fleet-options.ts";
import { noteTokens } from "./token-text.ts";

interface PlaceOptions extends FleetOptions {
  readonly host?: string;
  readonly witness?: true;
  readonly listen?: readonly string[];
  readonly advertise?: readonly string[];
  readonly joinListen?: readonly string[];
}

interface InitOptions extends PlaceOptions {
  readonly fleet?: string;
  readonly profile: string;
  readonly tokens: number;
  readonly ttl: string;
  readonly networkKey?: true;
}

interface JoinOptions extends PlaceOptions {
  readonly observer?: true;
  readonly member?: true;
  readonly wait: string;
}

/** Adds the sub-commands. */
export function defineEntryCommands(fleet: Command, session: Session): void {
  addPlaceOptions(fleet.command("init"))
    .summary("found a fleet with this host as its first member")
    .description("Founds a fleet: this host gets the fleet key and the first vote.")
    .option("--fleet <name>", "name of the fleet, part of every protocol name (otherwise drawn)")
    .addOption(choiceOption("--profile <name>", "how fast a silent host is given up", profileNames).default("lan"))
    .addOption(new Option("--tokens <count>", "make join tokens for as many hosts").argParser(tokenCount).default(0))
    .option("--ttl <time>", "how long these tokens are good", "24h")
    .option("--network-key", "make a private-network key too: who does not have it cannot even begin to talk")
    .addHelpText("after", initHelp)
    .action((options: InitOptions) => initFleet(options, session));
  addPlaceOptions(fleet.command("join").argument("<token>", "as `berth fleet init` or `berth token create` printed it"))
    .summary("bring this host into a fleet")
    .description("Brings this host into a fleet. It speaks to nobody but the host that made the token.")
    .option("--observer", "only read: no guests, no vote")
    .addOption(new Option("--member", "hold guests and never a vote").conflicts(["observer", "witness"]))
    .option("--wait <time>", "how long to look for the host that made the token", "60s")
    .action((token: string, options: JoinOptions) => joinFleet(token, options, session));
  addFleetOptions(fleet.command("leave"))
    .summary("take this host out of its fleet")
    .description("Takes this host out of its fleet: the files of the fleet are moved aside. Its agent must not run.")
    .option("--force", "although the list still has this host on it, or it owns guests")
    .option("--reason <text>", "why; needed with --force, and written down")
    .option("--operator <name>", "who says so (otherwise the user who is signed in)")
    .action((options: FleetOptions & Insistence) => leaveFleet(options, session));
}

const profileNames = ["fast", "lan", "lan-watchdog", "standard", "wan"] as const;
const tokensMost = 64;

function addPlaceOptions(command: Command): Command {
  return addFleetOptions(command)
    .option("--host <name>", "name of this host in the fleet (otherwise its host name)")
    .option("--witness", "no hypervisor here: this agent only votes")
    .option("--listen <address>", "listen for peers here, such as /ip4/192.0.2.7/tcp/7946; may be repeated", collect)
    .option("--advertise <address>", "tell others this address in place of it; may be repeated", collect)
    .option("--join-listen <address>", "listen for joining hosts here (otherwise the port after the peers')", collect);
}

function tokenCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= tokensMost) return count;
  throw new CliError("USAGE", `--tokens: "${text}" is not a number from 0 to ${tokensMost}`);
}

async function placeOf(options: PlaceOptions): Promise<{
  readonly listen: readonly string[] | undefined;
  readonly advertise: readonly string[] | undefined;
  readonly joinListen: readonly string[] | undefined;
}> {
  const { listen, advertise, joinListen } = options;
  return { listen, advertise, joinListen };
}

async function initFleet(options: InitOptions, session: Session): Promise<void> {
  const stateDir = await stateDirOf(options, session);
  const ttlMs = parsePeriod("--ttl", options.ttl) * 1_000;
  const { foundFleet } = await import("@berth/agent/fleet/fleet-home");
  const { shortHostname } = await import("@berth/agent/fleet/join-fleet");
  const { profiles } = await import("@berth/agent/fleet/profiles");
  const profile = Object.values(profiles).find(({ name }) => name === options.profile);
  const { fleet, host = shortHostname(), witness, networkKey } = options;
  const home = await foundFleet(stateDir, {
    ...(await placeOf(options)),
    ...{ fleet, host, profile, hypervisor: witness !== true, networkKey: networkKey === true },
  });
  session.note(`Fleet ${home.fleet} is founded: ${home.self} has its key and its vote. Files: ${stateDir}.`);
  session.note(`Peers reach it at ${addressesText(home.members.members[0]?.addresses ?? [])}.`);
  if (options.tokens > 0) {
    const { invite } = await import("@berth/agent/fleet/invite");
    const nowMs = session.terminal.nowMs();
    const made = [];
    for (let count = 0; count < options.tokens; count += 1) made.push(await invite(stateDir, { ttlMs, nowMs }));
    noteTokens(made, session);
  }
  startAgentUnit(stateDir, session);
}

async function joinFleet(token: string, options: JoinOptions, session: Session): Promise<void> {
  const stateDir = await stateDirOf(options, session);
  const agent = await import("@berth/agent/fleet/join-fleet");
  const role = options.observer === true ? "observer" : options.member === true ? "member" : "voter";
  let told = "";
  const { self, fleet, members } = await agent.joinFleet(stateDir, {
    ...(await placeOf(options)),
    ...{ token, role, release: version, host: options.host },
    hypervisor: options.witness !== true && role !== "observer",
    waitMs: parsePeriod("--wait", options.wait) * 1_000,
    nowMs: session.terminal.nowMs,
    onWaiting: (reason) => {
      if (reason !== told) session.note(`Waiting for the host that made the token: ${reason}`);
      told = reason;
    },
  });
  const others = members.members.map(({ hostId }) => hostId).filter((host) => host !== self);
  const what = options.witness === true ? "witness" : role;
  session.note(`${self} belongs to fleet ${fleet} now, as ${what}, beside ${others.join(", ")}. Files: ${stateDir}.`);
  startAgentUnit(stateDir, session);
}

async function leaveFleet(options: FleetOptions & Insistence, session: Session): Promise<void> {
  const stateDir = await stateDirOf(options, session);
  const { openFleetHome } = await import("@berth/agent/fleet/fleet-home");
  const agent = await import("@berth/agent/fleet/leave-fleet");
  const { self, fleet, members } = openFleetHome(stateDir);
  const { owned } = await agent.readDiskView(stateDir).catch((error: unknown) => {
    throw isLocked(error)
      ? new CliError("AGENT_RUNS", `the agent of ${self} runs`, { cause: error, remedy: stopFirst })
      : error;
  });
  const isAlone = members.members.length === 1;
  const isListed = members.members.some(({ hostId }) => hostId === self);
  if (options.force === true) {
    await recordInsistence(`leave ${fleet}`, options, options, session);
  } else if (owned.length > 0) {
    throw new CliError("REFUSED", `${self} owns ${owned.join(", ")}`, {
      remedy: `With its agent running: berth drain ${self} --wait. Then stop it, and leave.`,
    });
  } else if (isListed && !isAlone) {
    throw new CliError("REFUSED", `${self} is still on the list of fleet ${fleet}, and may hold a vote`, {
      remedy: `Run \`berth fleet remove ${self}\` where the fleet key is, and let the agent here hear of it.`,
    });
  }
  const folder = await agent.leaveFleet(stateDir, session.terminal.nowMs()).catch((error: unknown) => {
    throw isLocked(error)
      ? new CliError("AGENT_RUNS", `the agent of ${self} runs`, { cause: error, remedy: stopFirst })
      : error;
  });
  session.note(`${self} belongs to no fleet now. What it had of ${fleet} lies in ${folder}.`);
}

/** Whoever leaves must not run. */
const stopFirst = "Stop it first: systemctl stop berth-agent";

function isLocked(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "STORE_LOCKED";
}

function addressesText(addresses: readonly string[]): string {
  return addresses.length === 0 ? "no address: it will dial the others itself" : addresses.join(", ");
}

const initHelp = `
A fleet of two hosts with a witness:
  berth fleet init --tokens 2          on the first host; prints two tokens
  berth fleet join TOKEN               on the second host
  berth fleet join TOKEN --witness     on a third machine without guests
Where systemd has berth-agent.service, the agent is started too. Tokens go to stdout, everything else to stderr. The door for joining hosts is open only while tokens are.
`;
