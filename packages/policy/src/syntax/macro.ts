/**
 * `@if`, `@else`, `@endif`: lines that start at column 1 and keep or drop the lines between them by the language's version
 * or features. CFEngine's evaluator settled this at lexing time, so the tree knows nothing of it.
 */

/** The language version that `@if minimum_version(...)` compares with: the release that this front end was held against. */
export const languageVersion = [3, 21, 0] as const;

/**
 * Features that `@if feature(...)` finds here. Names of things that Berth has no use for (curl, libraries) are absent, so a
 * policy takes its `@else` branch.
 */
export const languageFeatures: ReadonlySet<string> = new Set([
  "xml",
  "yaml",
  "tls_1_3",
  "host_specific_data_load",
  "copyfrom_restrict_keys",
]);

/** What one macro line says. */
export type Macro =
  | { readonly kind: "if"; readonly holds: boolean; readonly length: number }
  | { readonly kind: "else" | "endif"; readonly length: number }
  | { readonly kind: "malformed"; readonly length: number };

type Version = readonly number[];

/** Each test gets how this version compares (-1, 0, 1) with the one or two versions of the macro. */
const versionTests: Readonly<
  Record<string, { readonly versions: number; holds(first: number, second: number): boolean }>
> = {
  minimum_version: { versions: 1, holds: (first) => first >= 0 },
  maximum_version: { versions: 1, holds: (first) => first <= 0 },
  at_version: { versions: 1, holds: (first) => first === 0 },
  after_version: { versions: 1, holds: (first) => first > 0 },
  before_version: { versions: 1, holds: (first) => first < 0 },
  between_versions: { versions: 2, holds: (first, second) => first >= 0 && second <= 0 },
};

/** Names of the conditions that `@if` knows, for "did you mean". */
export const macroConditions: readonly string[] = [...Object.keys(versionTests), "feature"];

const conditionPattern = /^@if ([a-z_]{1,32})\(([^()\n]{0,128})\)/;

/**
 * Reads the macro at the start of `line` (a text from the `@` to its line end).
 * @returns undefined where the line starts with something else, such as the variable `@(list)`
 */
export function readMacro(line: string): Macro | undefined {
  if (/^@else(?![a-zA-Z0-9_])/.test(line)) return { kind: "else", length: "@else".length };
  if (/^@endif(?![a-zA-Z0-9_])/.test(line)) return { kind: "endif", length: "@endif".length };
  if (!/^@if(?![a-zA-Z0-9_])/.test(line)) return undefined;
  const match = conditionPattern.exec(line);
  const holds = match === null ? undefined : conditionHolds(match[1] ?? "", match[2] ?? "");
  if (match === null || holds === undefined) return { kind: "malformed", length: line.trimEnd().length };
  return { kind: "if", holds, length: match[0].length };
}

function conditionHolds(name: string, argument: string): boolean | undefined {
  if (name === "feature") return /^[a-zA-Z0-9_]+$/.test(argument) ? languageFeatures.has(argument) : undefined;
  const test = Object.hasOwn(versionTests, name) ? versionTests[name] : undefined;
  if (test === undefined) return undefined;
  const versions = argument.split(/, ?/).map(readVersion);
  if (versions.length !== test.versions || versions.includes(undefined)) return undefined;
  return test.holds(compareLanguageWith(versions[0] ?? []), compareLanguageWith(versions[1] ?? []));
}

function readVersion(text: string): Version | undefined {
  return /^\d{1,9}(\.\d{1,9}){0,2}$/.test(text) ? text.split(".").map(Number) : undefined;
}

/** Only as many parts as the macro names take part: 3.21.7 is at version 3.21. */
function compareLanguageWith(version: Version): number {
  for (const [index, part] of version.entries()) {
    const difference = (languageVersion[index] ?? 0) - part;
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}
