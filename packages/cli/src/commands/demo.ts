import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import { examplePolicy } from "../example-policy.ts";
import { exitCodes } from "../exit-code.ts";
import type { Session } from "../session.ts";

/** `berth demo`: the main job on the hypervisor that lives in this process, each step with the command that does it. */
export function define(command: Command, session: Session): void {
  command
    .option(
      "--state-dir <dir>",
      "where its hypervisor keeps its state (otherwise a temporary folder, removed at the end)",
    )
    .addHelpText("after", help)
    .action((options: { readonly stateDir?: string }) => demonstrate(options.stateDir, session));
}

async function demonstrate(stateDir: string | undefined, session: Session): Promise<void> {
  const folder = stateDir ?? mkdtempSync(join(tmpdir(), "berth-demo-"));
  try {
    await showSteps(folder, session);
  } finally {
    if (stateDir === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

interface DemoStep {
  readonly title: string;
  readonly argv: readonly string[];
  /** Said after it, where it prints nothing by itself. */
  readonly afterwards?: string;
}

async function showSteps(folder: string, session: Session): Promise<void> {
  const here = ["--embedded", "--state-dir", folder];
  const policy = shortPath(examplePolicy);
  for (const { title, argv, afterwards } of demoSteps(policy, here)) {
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
Nothing outside of its state folder is touched: no libvirt, no guest of yours. \`npm start\` runs it.
`;
