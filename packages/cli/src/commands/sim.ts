import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { type Command, Option } from "commander";
import { CliError } from "../cli-error.ts";
import { choiceOption } from "../options.ts";
import type { Session } from "../session.ts";
import type { ControlRequest } from "../simulation/control.ts";

/** `berth sim`: a fleet of real agents on this machine, and what one can do to it. */
export function define(command: Command, session: Session): void {
  command.addHelpText("after", help);
  defineUp(command, session);
  defineFaults(command, session);
  defineViews(command, session);
  command
    .command("guard", { hidden: true })
    .description("ends what a simulation leaves behind; started by it")
    .action(async () => {
      const { keepGuard } = await import("../simulation/guardian.ts");
      await keepGuard(process.stdin);
    });
}

interface FolderOption {
  readonly dir?: string;
}

interface UpOptions extends FolderOption {
  readonly hosts: number;
  readonly guests: number;
  readonly profile: string;
  readonly policy?: string;
  readonly watchdog?: true;
  readonly detach?: true;
}

/** More agents than this do not come up in time on one machine. */
const hostsMost = 20;

function defineUp(command: Command, session: Session): void {
  withFolder(command.command("up"))
    .summary("start a fleet and show it")
    .description("Starts a fleet of real agents on this machine and shows it until Ctrl-C or `berth sim down`.")
    .addOption(countOption("-n, --hosts <count>", "hosts", hostsMost).default(5))
    .addOption(countOption("--guests <count>", "guests that may run on any host", 100).default(4))
    .addOption(choiceOption("--profile <name>", "how fast a host is given up", ["fast", "lan"]).default("lan"))
    .option("--watchdog", "give each host a watchdog device, which resets it when its dead-man is frozen too")
    .option("--policy <file>", "policy of every host, in place of --guests; classes h1, h2, ... name the hosts")
    .option("--detach", "return once every guest runs, and leave the fleet running")
    .action((options: UpOptions) => up(options, session));
}

async function up(options: UpOptions, session: Session): Promise<void> {
  const { simulationFolder } = await import("../simulation/simulation-folder.ts");
  const { detachSimulation, runSimulation } = await import("../simulation/run-simulation.ts");
  const { profileOf } = await import("../simulation/host-files.ts");
  const { guestsPolicy, hostNames } = await import("../simulation/simulation-plan.ts");
  const folder = simulationFolder(options.dir);
  const policy = options.policy === undefined ? guestsPolicy(options.guests) : readPolicyFile(options.policy);
  const { hosts, profile, watchdog = false } = options;
  profileOf({ profile, watchdog });
  if (options.detach !== true) {
    return runSimulation(
      { hosts: hostNames(hosts), profile, watchdog, policy, folder, startMs: guestStartMs },
      session,
    );
  }
  const source = options.policy === undefined ? ["--guests", String(options.guests)] : ["--policy", options.policy];
  const given = ["--hosts", String(hosts), "--profile", profile, ...(watchdog ? ["--watchdog"] : [])];
  return detachSimulation(folder, [...given, ...source], session);
}

/** What a small real guest takes from the start to its first instruction. */
const guestStartMs = 300;

function readPolicyFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CliError("NO_POLICY", `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function defineFaults(command: Command, session: Session): void {
  const fault = (usage: string, summary: string) =>
    withFolder(command.command(usage)).summary(summary).description(summary);
  fault("partition <groups>", "hosts hear each other only within their group: h1,h2|h3,h4,h5").action(
    (groups: string, options: FolderOption) => tell({ kind: "partition", groups: groupsIn(groups) }, options, session),
  );
  fault("cut <host> <other>", "cut the way between two hosts")
    .option("--one-way", "only what the first sends to the second")
    .action((from: string, to: string, options: FolderOption & { readonly oneWay?: true }) =>
      tell({ kind: "cut", from, to, oneWay: options.oneWay === true }, options, session),
    );
  fault("heal", "take back every cut").action((options: FolderOption) => tell({ kind: "heal" }, options, session));
  fault("kill <host>", "pull the plug of a host: agent, dead-man and guests are gone")
    .addOption(new Option("--agent", "kill -9 its agent only").conflicts("deadMan"))
    .option("--dead-man", "kill -9 its dead-man only")
    .action((host: string, options: FolderOption & { readonly agent?: true; readonly deadMan?: true }) => {
      const what = options.agent === true ? "agent" : options.deadMan === true ? "dead-man" : "power";
      return tell({ kind: "kill", host, what }, options, session);
    });
  fault("start <host>", "give a host its power back").action((host: string, options: FolderOption) =>
    tell({ kind: "start", host }, options, session),
  );
  fault("freeze <host>", "stop the agent of a host where it stands (SIGSTOP)")
    .option("--all", "its dead-man too")
    .option("--for <time>", "thaw it after this time, such as 60s", secondsOf)
    .action((host: string, options: FolderOption & { readonly all?: true; readonly for?: number }) => {
      const { all = false, for: forSeconds } = options;
      return tell({ kind: "freeze", host, all, ...(forSeconds === undefined ? {} : { forSeconds }) }, options, session);
    });
  fault("thaw <host>", "let a frozen host go on").action((host: string, options: FolderOption) =>
    tell({ kind: "thaw", host }, options, session),
  );
  fault("down", "end the simulation; nothing of it stays behind").action(async (options: FolderOption) => {
    const { simulationFolder } = await import("../simulation/simulation-folder.ts");
    const { waitForEnd } = await import("../simulation/run-simulation.ts");
    await tell({ kind: "down" }, options, session);
    await waitForEnd(simulationFolder(options.dir));
  });
}

function defineViews(command: Command, session: Session): void {
  withFolder(command.command("status"))
    .summary("show the fleet once")
    .description("Shows the fleet once.")
    .addOption(choiceOption("-o, --output <format>", "how to print", ["table", "json"]).default("table"))
    .option("--lines <count>", "lines of the story", (text) => countOf("--lines", text, 2_000), 15)
    .action(async (options: FolderOption & { readonly output: "table" | "json"; readonly lines: number }) => {
      const { simulationFolder } = await import("../simulation/simulation-folder.ts");
      const { statusOf } = await import("../simulation/run-simulation.ts");
      const { renderSimulation } = await import("../simulation/simulation-view.ts");
      const { simulationJson } = await import("../simulation/simulation-json.ts");
      const status = await statusOf(simulationFolder(options.dir));
      const view = {
        paint: session.paint,
        degraded: true,
        storyLines: options.lines,
        columns: session.terminal.stdout.columns ?? 200,
      };
      session.data(options.output === "json" ? simulationJson(status) : renderSimulation(status, view));
    });
  withFolder(command.command("watch"))
    .summary("show the fleet and what happens to it, until Ctrl-C")
    .description("Shows the fleet and what happens to it, until Ctrl-C or until it ends.")
    .action((options: FolderOption) => watch(options, session));
}

async function watch(options: FolderOption, session: Session): Promise<void> {
  const { simulationFolder } = await import("../simulation/simulation-folder.ts");
  const { statusOf } = await import("../simulation/run-simulation.ts");
  const { openScreen, renewMs } = await import("../simulation/simulation-screen.ts");
  const folder = simulationFolder(options.dir);
  let status = await statusOf(folder);
  const interrupted = session.terminal.interruptSignal();
  const screen = openScreen(session, "Ctrl-C ends the view, not the simulation");
  try {
    for (let toldMs = -1; !interrupted.aborted; ) {
      screen.show(status);
      for (const line of status.story.filter(({ atMs }) => atMs > toldMs)) screen.tell(line);
      toldMs = status.story.at(-1)?.atMs ?? toldMs;
      await delay(renewMs);
      status = await statusOf(folder);
    }
  } catch (error) {
    // The simulation's end is the end of the view, and no fault of it.
    if (!(error instanceof CliError) || error.code !== "SIMULATION_ABSENT") throw error;
  } finally {
    screen.close();
  }
}

async function tell(request: ControlRequest, { dir }: FolderOption, session: Session): Promise<void> {
  const { askSimulation } = await import("../simulation/control.ts");
  const { runningSimulation, simulationFolder } = await import("../simulation/simulation-folder.ts");
  const answer = await askSimulation(runningSimulation(simulationFolder(dir)).controlSocket, request);
  if (answer.kind === "done") {
    session.data(`${answer.did}\n`);
    session.note(`  Look at: ${answer.look}.`);
    return;
  }
  if (answer.kind === "status") return;
  const { word, known, why } = answer;
  throw new CliError(word === undefined ? "SIMULATION_REFUSED" : "NOT_FOUND", why, {
    ...(word === undefined || known === undefined ? {} : { unknown: { word, known } }),
  });
}

function withFolder(command: Command): Command {
  return command.option("--dir <dir>", "folder of the simulation (otherwise one in the folder for temporary files)");
}

function groupsIn(text: string): readonly (readonly string[])[] {
  const groups = text.split("|").map((group) => group.split(",").map((name) => name.trim()));
  const names = groups.flat();
  if (names.includes("")) throw new CliError("USAGE", `"${text}" is not like h1,h2|h3,h4,h5`);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new CliError("USAGE", `${twice} is named twice in "${text}"`);
  return groups;
}

function countOption(flags: string, description: string, most: number): Option {
  return new Option(flags, description).argParser((text: string) => countOf(flags, text, most));
}

function countOf(flags: string, text: string, most: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= most) return count;
  throw new CliError("USAGE", `${flags} is a number from 1 to ${most}, not "${text}"`);
}

function secondsOf(text: string): number {
  const match = /^(?<count>\d+(?:\.\d+)?)(?<unit>s|m)?$/.exec(text);
  if (match?.groups?.count === undefined) throw new CliError("USAGE", `"${text}" is not a time such as 60s or 2m`);
  return Number(match.groups.count) * (match.groups.unit === "m" ? 60 : 1);
}

const help = `
In one terminal:   berth sim up -n 5
In another one:    berth sim kill h2; berth sim start h2; berth sim partition 'h1,h2|h3,h4,h5'; berth sim heal

Agents, dead-men and the network between them are real processes and real connections on loopback; the hypervisors are
embedded ones. Each agent answers as on a host of its own: berth status --config DIR/h1/config.yaml, where DIR is what
--dir names, otherwise berth-sim-UID in the folder for temporary files. Logs stay there until the next one starts.

Whoever ends \`berth sim up\`, by Ctrl-C or kill -9, ends the whole fleet.
`;
