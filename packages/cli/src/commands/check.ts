import type { Diagnostic, EnvironmentPromise } from "@berth/model";
import type { Command } from "commander";
import { exitCodes } from "../exit-code.ts";
import { countOf, renderFindings } from "../findings.ts";
import { fleetSign } from "../fleet-sign.ts";
import { readDaemonConfig, readHostConfig } from "../host-config.ts";
import { addClassOptions, addOutputOptions, type ClassOptions, outputChoice } from "../options.ts";
import type { ListView } from "../output/list-view.ts";
import { printableLines } from "../output/printable.ts";
import { formatCount } from "../output/units.ts";
import type { OutputChoice, Session } from "../session.ts";

/** `berth check FILE...`: every finding with its place and what to do; exit 1 when one is an error. */
export function define(command: Command, session: Session): void {
  command.argument("<file...>", "policy files; what they name in `inputs` is read too");
  addClassOptions(addOutputOptions(command))
    .addHelpText("after", help)
    .action((files: string[], options: ClassOptions & OutputChoice) => check(files, options, session));
}

async function check(files: readonly string[], options: ClassOptions & OutputChoice, session: Session): Promise<void> {
  const { loadPolicy } = await import("@berth/agent/policy-load");
  const config = await readHostConfig(options, session);
  const load = await loadPolicy({ files, config, classes: options.define ?? [] });
  const { sources } = load;
  const diagnostics = [...load.diagnostics, ...(await ofFleet(load.promises, options, session))];
  const choice = outputChoice(options);
  if (choice.output === "table" || choice.output === "wide") {
    session.data(printableLines(await renderFindings(diagnostics, sources)));
  } else {
    await session.list(findingView, diagnostics, choice);
  }
  session.note(summary(diagnostics, sources.size));
  if (countOf(diagnostics, "error") > 0) session.exitCode = exitCodes.error;
}

/** What a policy asks for that the agent of this host, which belongs to a fleet, does not do or does not understand. */
async function ofFleet(
  promises: readonly EnvironmentPromise[],
  options: ClassOptions,
  session: Session,
): Promise<readonly Diagnostic[]> {
  const { config, agent } = await readDaemonConfig(options, session);
  if (fleetSign(config.stateDir) === "absent") return [];
  const [{ fleetFindings }, { guestRule }] = await Promise.all([
    import("@berth/agent/fleet/fleet-findings"),
    import("@berth/agent/daemon/promised-guests"),
  ]);
  const rules = promises.flatMap((promise) => (promise.kind === "guest" ? guestRule(promise, agent).findings : []));
  return [...rules, ...fleetFindings(promises, config)];
}

function summary(diagnostics: readonly Diagnostic[], files: number): string {
  const counts = (["error", "warning", "info"] as const).flatMap((severity) => {
    const count = countOf(diagnostics, severity);
    return count === 0 ? [] : [severity === "info" ? `${count} info` : formatCount(count, severity)];
  });
  return `${formatCount(files, "file")} checked: ${counts.join(", ") || "no findings"}`;
}

const findingView: ListView<Diagnostic> = {
  kind: "FindingList",
  columns: [],
  name: ({ position }) => `${position.file}:${position.line}:${position.column}`,
  json: ({ severity, code, message, position, length, hint, related }) => ({
    severity,
    code,
    message,
    ...position,
    length: length ?? 1,
    ...(hint === undefined ? {} : { hint }),
    related: (related ?? []).map((other) => ({ message: other.message, ...other.position })),
  }),
};

const help = `
Each finding has its place, the line, a caret, a stable code, and what was probably meant:
  site.cf:7:3: error: ...

On a host of a fleet it also names what its agent would not do. Nothing is connected to and nothing is changed. Exit
code 1 when there is an error; warnings leave it 0.
`;
