/** Names of files and words that must not stand in any of them. */
import { basename } from "node:path/posix";
import { type Finding, findingAt, lineOf, nameOf, type SourceFile, walk } from "./source-file.ts";

/** A text file of any kind. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

const vagueNames = new Set(["utils", "util", "helpers", "helper", "misc", "common", "manager"]);

/** File names that say nothing, or are not kebab-case. */
export function checkFileNames(paths: readonly string[]): Finding[] {
  return paths.flatMap((path) => {
    if (!/^(packages\/[^/]+\/(src|test)|test)\/.*\.ts$/.test(path)) return [];
    const name = basename(path).replace(/(\.[a-z]+)*\.ts$/, "");
    if (vagueNames.has(name) || name.endsWith("-utils") || name.endsWith("-manager")) {
      return [{ at: `${path}:1`, problem: `the name ${name} says nothing`, remedy: "name it after its main export" }];
    }
    if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return [];
    return [{ at: `${path}:1`, problem: `${name} is not kebab-case`, remedy: "lower case words with dashes" }];
  });
}

/** Types named `IThing` and anything named `ThingManager`. */
export function checkTypeNames(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => {
    const findings: Finding[] = [];
    walk(file.ast, (node) => {
      if (!/^(TSInterfaceDeclaration|TSTypeAliasDeclaration|ClassDeclaration)$/.test(node.type)) return;
      const name = nameOf(node.id) ?? "";
      if (/^I[A-Z][a-z]/.test(name)) {
        findings.push(findingAt(file, node.start, `${name} has an I prefix`, `call it ${name.slice(1)}`));
      }
      if (name.endsWith("Manager")) {
        findings.push(findingAt(file, node.start, `${name} says nothing`, "say what it does to what it manages"));
      }
    });
    return findings;
  });
}

/** Spelt in two halves, so that this file does not hold what it forbids. */
const forbidden: readonly (readonly [pattern: RegExp, remedy: string])[] = [
  [
    new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`),
    "do it now, or write down in docs/ that it is missing",
  ],
  [
    new RegExp(`/work/${"shared"}|\\.${"library"}\\b|/tmp/${"board"}`),
    "say the fact itself: a reader has only this repository",
  ],
];

/** Notes to oneself, and names of places that a reader of the repository cannot see. */
export function checkWords(files: readonly TextFile[]): Finding[] {
  return files.flatMap((file) =>
    forbidden.flatMap(([pattern, remedy]) => {
      const match = pattern.exec(file.text);
      if (match === null) return [];
      return [{ at: `${file.path}:${lineOf(file.text, match.index)}`, problem: `the words ${match[0]}`, remedy }];
    }),
  );
}
