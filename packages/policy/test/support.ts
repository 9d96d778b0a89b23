import type { Diagnostic } from "@berth/model";
import { renderDiagnostic } from "../src/render-diagnostic.ts";
import type { PolicyFile } from "../src/syntax/ast.ts";
import { checkFiles } from "../src/syntax/check-files.ts";
import { parsePolicy } from "../src/syntax/parse-policy.ts";

/** What one text on its own is told: syntax first, then the checks across the (one) file. */
export function diagnose(
  text: string,
  file = "p.cf",
): { readonly ast: PolicyFile; readonly diagnostics: readonly Diagnostic[] } {
  const { ast, diagnostics } = parsePolicy(text, file);
  const broken = diagnostics.some((diagnostic) => diagnostic.severity === "error");
  return { ast, diagnostics: [...diagnostics, ...checkFiles([ast], !broken)] };
}

/** Each finding as `CODE line:column`. */
export function findingsOf(text: string): readonly string[] {
  return diagnose(text).diagnostics.map(({ code, position }) => `${code} ${position.line}:${position.column}`);
}

/** What a person sees, for golden files. */
export function report(text: string, file: string): string {
  const { diagnostics } = diagnose(text, file);
  if (diagnostics.length === 0) return "no findings\n";
  return `${diagnostics.map((diagnostic) => renderDiagnostic(diagnostic, text)).join("\n")}\n`;
}

/** A bundle around promises, for tables of short cases. The first promise line is line 4. */
export function inBundle(promises: string): string {
  return `body common control { bundlesequence => { "m" }; }\nbundle agent m\n{\n${promises}\n}\n`;
}
