import { readFileSync } from "node:fs";
import type { Diagnostic, Severity } from "@berth/model";
import { CliError } from "./cli-error.ts";
import { formatCount } from "./output/units.ts";
import type { Session } from "./session.ts";

/** How many findings there are of one severity. */
export function countOf(diagnostics: readonly Diagnostic[], severity: Severity): number {
  return diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
}

/** Each finding with its place, its source line and a caret, ended by a line feed. */
export async function renderFindings(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string> = readSources(diagnostics),
): Promise<string> {
  if (diagnostics.length === 0) return "";
  const { renderDiagnostic } = await import("@berth/agent/policy-text");
  return diagnostics
    .map((diagnostic) => `${renderDiagnostic(diagnostic, sources.get(diagnostic.position.file)).trimEnd()}\n`)
    .join("");
}

/** The files that findings point to, where they can still be read: a finding without its line says enough. */
function readSources(diagnostics: readonly Diagnostic[]): ReadonlyMap<string, string> {
  const files = new Set(diagnostics.map(({ position }) => position.file));
  const texts = new Map<string, string>();
  for (const file of files) {
    try {
      texts.set(file, readFileSync(file, "utf8"));
    } catch {
      // Left out: the finding itself says that the file cannot be read.
    }
  }
  return texts;
}

/**
 * Tells the findings of a policy that is about to be used, as a side remark.
 *
 * @param least the mildest severity that is told
 * @throws CliError POLICY_INVALID when one of them is an error: a broken policy is never acted on
 */
export async function refuseErrors(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string> | undefined,
  session: Session,
  least: "info" | "warning" = "warning",
): Promise<void> {
  const told = diagnostics.filter(({ severity }) => severity !== "info" || least === "info");
  if (told.length > 0) session.note((await renderFindings(told, sources)).trimEnd());
  const errors = countOf(diagnostics, "error");
  if (errors === 0) return;
  throw new CliError("POLICY_INVALID", `the policy has ${formatCount(errors, "error")}; nothing was changed`, {
    remedy: "Mend the policy where the lines above point to; `berth check FILE` shows the findings alone.",
  });
}
