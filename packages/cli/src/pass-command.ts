/** What `plan` and `converge` share: one pass on this host, then its table, its troubles and its exit code. */
import type { BerthConfig } from "@berth/agent/config/berth-config";
import type { PassReport } from "@berth/agent/pass-report";
import { CliError } from "./cli-error.ts";
import { type ExitCode, exitCodes } from "./exit-code.ts";
import { refuseErrors } from "./findings.ts";
import { fleetSign } from "./fleet-sign.ts";
import { readHostConfig } from "./host-config.ts";
import { outputChoice, type PassOptions } from "./options.ts";
import type { Unreachable } from "./output/envelope.ts";
import { printableLines } from "./output/printable.ts";
import type { Column } from "./output/table.ts";
import { type Loudness, passListener, tellTrouble } from "./pass-notes.ts";
import { policyFiles } from "./policy-source.ts";
import type { OutputChoice, Session } from "./session.ts";
import { outcomeView, type PassRow, passJson, passRows } from "./views/pass-view.ts";

/** What the command lines of `plan` and `converge` come to. */
export interface PassRequest {
  readonly files: readonly string[];
  readonly options: PassOptions & OutputChoice;
  readonly dryRun: boolean;
  readonly ignoreLocks: boolean;
  readonly loudness: Loudness;
  readonly columns: readonly Column<PassRow>[];
  /** Whether the policy's reports promises are printed, as cf-agent does. */
  readonly printReports: boolean;
}

/** Runs one pass and shows it. @throws CliError POLICY_INVALID, NO_POLICY, USAGE, REFUSED */
export async function runPass(request: PassRequest, session: Session): Promise<void> {
  const { BerthHost } = await import("@berth/agent/converge");
  const config = await readHostConfig(request.options, session);
  await mindTheFleet(config, request, session);
  await using host = new BerthHost({ config });
  const report = await host.converge({
    files: policyFiles(request.files, config),
    ...policyOptions(request.options),
    dryRun: request.dryRun,
    ignoreLocks: request.ignoreLocks,
    explain: request.loudness === "verbose",
    signal: session.terminal.interruptSignal(),
    onEvent: passListener(request.loudness, session),
  });
  await refuseErrors(report.diagnostics, undefined, session, request.loudness === "quiet" ? "warning" : "info");
  tellTrouble(report, session);
  await showPass(report, request, session);
  session.exitCode = exitCodeOf(report, request.options.detailedExitcode === true);
}

/**
 * A pass takes this host for the only one. In a fleet that would start guests which another host runs, so it is only shown there.
 *
 * @throws CliError REFUSED
 */
async function mindTheFleet(config: BerthConfig, { options, dryRun }: PassRequest, session: Session): Promise<void> {
  const stateDir = await fleetFolder(config, options, session);
  const sign = fleetSign(stateDir);
  if (sign === "absent") return;
  if (dryRun) {
    const belongs = sign === "there" ? "belongs" : "may belong";
    session.note(
      `This host ${belongs} to a fleet: what a host alone would do is shown, and its agent asks for a claim first.`,
    );
    return;
  }
  const danger = "a pass by hand would start guests that another host runs";
  if (sign === "hidden") {
    throw new CliError("REFUSED", `${stateDir} cannot be read, so this host may belong to a fleet: ${danger}`, {
      remedy: "Run it as a user who may read that folder.",
    });
  }
  throw new CliError("REFUSED", `this host belongs to a fleet: ${danger}`, {
    remedy:
      "Its agent carries the policy out; `berth reload` lets it do so now, `berth status` shows what became of it.",
  });
}

/** `--state-dir` says where a pass keeps its locks; the host's real guests are the fleet's all the same. */
async function fleetFolder(config: BerthConfig, options: PassOptions, session: Session): Promise<string> {
  if (config.embedded || options.stateDir === undefined) return config.stateDir;
  return (await readHostConfig(options.config === undefined ? {} : { config: options.config }, session)).stateDir;
}

/** The part of the options that decides what the policy says. */
function policyOptions({ define, negate, bundlesequence }: PassOptions) {
  return {
    classes: define ?? [],
    negatedClasses: negate ?? [],
    ...(bundlesequence === undefined ? {} : { bundleSequence: bundlesequence }),
  };
}

async function showPass(
  report: PassReport,
  { options, columns, printReports }: PassRequest,
  session: Session,
): Promise<void> {
  const choice = outputChoice(options);
  if (choice.output === "table" || choice.output === "wide") {
    if (printReports) for (const text of report.reports) session.data(printableLines(`R: ${text}\n`));
    session.table(columns, passRows(report.promises), choice);
    return;
  }
  const rest = { unreachable: unreachableOf(report, session.host), extra: passJson(report) };
  await session.list(outcomeView, report.promises, choice, rest);
}

function unreachableOf(report: PassReport, host: string): Unreachable[] {
  return report.hypervisors
    .filter(({ reachable }) => !reachable)
    .map(({ type, uri, error }) => ({
      host,
      type,
      ...(uri === undefined ? {} : { uri }),
      reason: error?.message ?? "cannot be reached",
    }));
}

/** Failures first, then refusals; changes that wait count only where somebody asks for them. */
function exitCodeOf({ counts, promises, interrupted }: PassReport, detailed: boolean): ExitCode {
  if (counts.failed > 0 || interrupted) return exitCodes.error;
  if (counts.denied > 0) return exitCodes.refusedForSafety;
  if (!detailed) return exitCodes.fine;
  const waiting = promises.some(({ outcome, steps, pending }) => {
    return pending.length > 0 || (outcome === "skipped" && steps.length > 0);
  });
  return waiting ? exitCodes.changes : exitCodes.fine;
}
