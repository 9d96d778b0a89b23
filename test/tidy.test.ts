/** The house rules, held on every file. Each failure says where, what and how to mend it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as conduct from "./tidy/conduct.ts";
import * as imports from "./tidy/imports.ts";
import { checkPurity, purePackages } from "./tidy/purity.ts";
import { checkFileLengths, checkFunctionLengths } from "./tidy/sizes.ts";
import { type Finding, listFiles, readSources } from "./tidy/source-file.ts";
import { checkFileNames, checkTypeNames, checkWords } from "./tidy/words.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = readSources(root);
const paths = listFiles(root);

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(`${root}/${path}`, "utf8")) as T;
}

const rootManifest = readJson<imports.Manifest>("package.json");
const manifests = new Map(
  Object.keys(imports.layers).map((name) => [name, readJson<imports.Manifest>(`packages/${name}/package.json`)]),
);

/** Findings as lines that a person can act on; none when the house is tidy. */
function report(findings: readonly Finding[]): string[] {
  return findings.map(({ at, problem, remedy }) => `${at} ${problem}: ${remedy}`);
}

describe("the house", () => {
  it.each<[string, () => Finding[]]>([
    ["packages import only downwards", () => imports.checkDirection(files)],
    ["packages declare only what lies below them", () => imports.checkManifests(manifests)],
    ["imported packages are declared", () => imports.checkDeclared(files, manifests, rootManifest)],
    ["no files import each other in a circle", () => imports.checkCycles(files, manifests)],
    ["pure packages have no clock, chance or I/O", () => checkPurity(files)],
    ["no file is too long to read", () => checkFileLengths(files)],
    ["no function is too long to read", () => checkFunctionLengths(files)],
    ["files have names that say something", () => checkFileNames(paths)],
    ["types have names that say something", () => checkTypeNames(files)],
    ["errors in packages carry a code", () => conduct.checkErrors(files)],
    ["exports are explained", () => conduct.checkDocs(files)],
    ["pure files open with their intuition", () => conduct.checkOpenings(files)],
    ["tests wait for conditions and not for time", () => conduct.checkSleeps(files)],
    ["every test runs", () => conduct.checkSkips(files)],
    ["no text holds notes to oneself or names of unseen places", () => checkWords(readTexts())],
  ])("%s", (_title, check) => {
    expect(report(check())).toEqual([]);
  });

  it("lets the compiler keep the pure packages pure", () => {
    for (const name of purePackages) {
      const { compilerOptions } = readJson<{ compilerOptions?: object }>(`packages/${name}/tsconfig.json`);
      expect(compilerOptions, `packages/${name}/tsconfig.json`).toMatchObject({ lib: ["es2023"], types: [] });
    }
  });

  it("has a row in the table of layers for every package", () => {
    const found = new Set(paths.flatMap((path) => /^packages\/([^/]+)\/package\.json$/.exec(path)?.[1] ?? []));
    expect([...found].sort()).toEqual(Object.keys(imports.layers).sort());
  });
});

function readTexts(): { path: string; text: string }[] {
  return paths
    .filter((path) => /\.(ts|js|md|json|ya?ml|sh|cf|py|service)$/.test(path) && path !== "package-lock.json")
    .map((path) => ({ path, text: readFileSync(`${root}/${path}`, "utf8") }));
}
