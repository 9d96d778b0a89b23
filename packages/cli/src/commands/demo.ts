import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { examplePolicy } from "../example-policy.ts";
import { exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";

interface DemoOptions {
  readonly stateDir?: string;
  readonly oneHost?: true;
  readonly stay?: true;
}

/** `berth demo`: a policy on one host, each step with the command that does it, and then a fleet that things happen to. */
export function define(command: Command, session: Session): void {
  command
    .option("--one-host", "only the part on one host, in full")
    .option("--stay", "leave the fleet running at the end, with its live view, until Ctrl-C")
    .option(
      "--state-dir <dir>",
      "where the one host keeps its state (otherwise a temporary folder, removed at the end)",
    )
    .addHelpText("after", help)
    .action((options: DemoOptions) => demonstrate(options, session));
}

async function demonstrate({ stateDir, oneHost, stay }: DemoOptions, session: Session): Promise<void> {
  const folder = stateDir ?? mkdtempSync(join(tmpdir(), "berth-demo-"));
  try {
    await showSteps(folder, oneHost === true, session);
    if (oneHost !== true) await showFleet(join(folder, "fleet"), stay === true, session);
  } finally {
    if (stateDir === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function showFleet(folder: string, stay: boolean, session: Session): Promise<void> {
  const { demonstrateFleet, startDemonstrationFleet } = await import("../simulation/fleet-demonstration.ts");
  const { followSimulation } = await import("../simulation/run-simulation.ts");
  const { simulationFolder } = await import("../simulation/simulation-folder.ts");
  session.note("");
  session.note("# Three hosts, three guests: real agents over libp2p, on hypervisors that live in a file", "bold");
  session.note(
    `$ npx berth sim up -n 3 --guests 3 --profile fast${stay ? "" : "    (and faults, as berth sim has them)"}`,
    "cyan",
  );
  const simulation = await startDemonstrationFleet(stay ? simulationFolder(undefined) : folder, session);
  const interrupted = session.terminal.interruptSignal();
  interrupted.addEventListener("abort", () => void simulation.down());
  try {
    await demonstrateFleet(simulation, session);
    if (stay) await followSimulation(simulation, session);
    else
      session.note(
        "\nYour turn: `npx berth sim up` in one terminal, `npx berth sim kill h2` in another; `npx berth sim --help`.",
      );
  } finally {
    await simulation.down();
  }
}

interface DemoStep {
  readonly title: string;
  readonly argv: readonly string[];
  /** Said after it, where it prints nothing by itself. */
  readonly afterwards?: string;
}

async function showSteps(folder: string, whole: boolean, session: Session): Promise<void> {
  const here = ["--embedded", "--state-dir", folder];
  const policy = shortPath(examplePolicy);
  const steps = demoSteps(policy, here);
  // Checked and planned is enough to see what a policy is; the fleet shows what comes of it.
  for (const { title, argv, afterwards } of whole ? steps : steps.slice(0, 2)) {
    session.note("");
    session.note(`# ${title}`, "bold");
    session.note(`$ npx berth ${argv.join(" ")}`, "cyan");
    const exitCode = await session.run(argv);
    if (exitCode !== exitCodes.fine) {
      throw new CliError("DEMO_FAILED", `this step ended with exit code ${exitCode}`, {
        remedy: "What it said on stderr, just above, tells why.",
      });
    }
    if (afterwards !== undefined) session.note(afterwards);
  }
}

function demoSteps(policy: string, here: readonly string[]): readonly DemoStep[] {
  return [
    { title: `The policy is in ${policy}. Is it right?`, argv: ["check", policy] },
    { title: "What would change on this host?", argv: ["plan", policy, ...here] },
    { title: "Do it.", argv: ["converge", policy, ...here] },
    { title: "Which guests are there now?", argv: ["get", "guests", "-f", policy, ...here] },
    { title: "And which networks?", argv: ["get", "networks", "-f", policy, ...here] },
    {
      title: "Once more: every promise is kept, so nothing is changed and nothing is said.",
      argv: ["converge", policy, ...here],
      afterwards: "(exit code 0)",
    },
  ];
}

/** The path as it can be typed where the user is. */
function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}

const help = `
Nothing outside of its own folder is touched: no libvirt, no guest of yours. \`npm start\` runs it, and
\`npm start -- --stay\` leaves the fleet running for you to play with, from another terminal.
`;
