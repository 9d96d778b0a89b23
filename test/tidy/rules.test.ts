/** Each rule sees what it forbids and lets its neighbour pass: small made-up sources, one for each side. */
import { describe, expect, it } from "vitest";
import { checkDocs, checkErrors, checkOpenings, checkSkips, checkSleeps } from "./conduct.ts";
import { checkCycles, checkDeclared, checkDirection, checkManifests, type Manifest } from "./imports.ts";
import { checkPurity } from "./purity.ts";
import { checkFileLengths, checkFunctionLengths } from "./sizes.ts";
import { type Finding, type SourceFile, sourceFile } from "./source-file.ts";
import { checkFileNames, checkTypeNames, checkWords } from "./words.ts";

const manifests = new Map<string, Manifest>(
  ["model", "policy", "agent"].map((name) => [
    name,
    { name: `@berth/${name}`, exports: { ".": "./src/index.ts", "./*": "./src/*.ts" }, dependencies: { yaml: "1" } },
  ]),
);
const root: Manifest = { name: "berth", devDependencies: { vitest: "1" } };

/** One source, checked by one rule: the problems only. */
function problems(check: (files: SourceFile[]) => Finding[], path: string, text: string): string[] {
  return check([sourceFile(path, text)]).map(({ problem }) => problem);
}

const pure = "packages/policy/src/a.ts";
const lines = (count: number): string => "  x();\n".repeat(count);

describe("a rule that finds what it forbids", () => {
  it.each<[string, (files: SourceFile[]) => Finding[], string, string, string]>([
    ["an import upwards", checkDirection, pure, 'import "@berth/agent";', "policy imports agent"],
    ["an import of a type upwards", checkDirection, pure, 'type A = import("@berth/agent").A;', "policy imports agent"],
    ["an import() upwards", checkDirection, pure, 'await import("@berth/agent/x");', "policy imports agent"],
    ["a re-export from upwards", checkDirection, pure, 'export * from "node-libvirt";', "policy imports node-libvirt"],
    [
      "a path out of the package",
      checkDirection,
      pure,
      'import "../../model/src/a.ts";',
      "../../model/src/a.ts leaves",
    ],
    ["an undeclared package", (files) => checkDeclared(files, manifests, root), pure, 'import "zod";', "zod is not"],
    ["a clock", checkPurity, pure, "const now = Date.now();", "Date in"],
    ["chance", checkPurity, pure, "const x = Math.random();", "Math.random in"],
    ["a timer", checkPurity, pure, "setTimeout(() => {}, 1);", "setTimeout in"],
    ["the process", checkPurity, pure, "const { env } = process;", "process in"],
    ["printing", checkPurity, pure, 'console.log("x");', "console in"],
    ["Node's modules", checkPurity, pure, 'import type { Stats } from "node:fs";', "imports node:fs"],
    ["a global in short form", checkPurity, pure, "export const a = { process };", "process in"],
    ["a long file", checkFileLengths, pure, lines(501), "501 lines"],
    ["a long function", checkFunctionLengths, pure, `function f() {\n${lines(69)}}`, "f has 71 lines"],
    ["a long arrow function", checkFunctionLengths, pure, `const f = () => {\n${lines(69)}};`, "f has 71 lines"],
    ["a long test", checkFunctionLengths, "test/a.test.ts", `it("x", () => {\n${lines(69)}});`, "a function has 71"],
    ["an I prefix", checkTypeNames, pure, "interface IHost {}", "IHost has"],
    ["a manager", checkTypeNames, pure, "class GuestManager {}", "GuestManager says nothing"],
    ["a bare error", checkErrors, pure, 'throw new Error("x");', "a bare Error"],
    ["a thrown text", checkErrors, pure, 'throw "x";', "a thrown text"],
    ["an export without TSDoc", checkDocs, pure, "export function f() {}", "f is exported without"],
    ["an export with another comment", checkDocs, pure, "// f\nexport const f = 1;", "f is exported without"],
    ["a pure file without an opening", checkOpenings, pure, 'import "./b.ts";\nconst a = 1;', "the file opens"],
    [
      "a sleep",
      checkSleeps,
      "test/a.test.ts",
      "await new Promise((done) => setTimeout(done, 5));",
      "a test that sleeps",
    ],
    ["a sleep in other words", checkSleeps, "packages/a/test/a.test.ts", "await sleep(5);", "a test that sleeps"],
    ["a wrapped sleep", checkSleeps, "test/a.ts", "new Promise((r) => { setTimeout(r, 5); });", "a test that sleeps"],
    ["a skipped test", checkSkips, "test/a.test.ts", 'it.skip("x", () => {});', "a test with .skip"],
    ["a conditional test", checkSkips, "test/a.test.ts", 'describe.skipIf(true)("x", () => {});', ".skipIf"],
    ["a lonely test", checkSkips, "test/a.test.ts", 'test.only("x", () => {});', "a test with .only"],
  ])("sees %s", (_what, check, path, text, problem) => {
    const found = problems(check, path, text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(problem);
  });

  it("sees a circle of imports, of types too, through names and paths", () => {
    const circle = [
      sourceFile("packages/model/src/index.ts", 'export * from "./a.ts";'),
      sourceFile("packages/model/src/a.ts", 'import type { B } from "../../policy/src/b.ts";'),
      sourceFile("packages/policy/src/b.ts", 'import type { A } from "@berth/model";'),
    ];
    expect(checkCycles(circle, manifests).map(({ problem }) => problem)).toEqual([
      "import cycle packages/model/src/index.ts -> packages/model/src/a.ts -> packages/policy/src/b.ts -> packages/model/src/index.ts",
    ]);
  });

  it("sees a circle through a subpath of a package", () => {
    const circle = [
      sourceFile("packages/agent/src/a.ts", 'import "@berth/policy/b";'),
      sourceFile("packages/policy/src/b.ts", 'await import("@berth/agent/a");'),
    ];
    expect(checkCycles(circle, manifests)).toHaveLength(1);
  });

  it("sees a package that declares what lies above it", () => {
    const upward = new Map<string, Manifest>([
      ["policy", { name: "@berth/policy", dependencies: { "@berth/agent": "1" } }],
    ]);
    expect(checkManifests(upward).map(({ problem }) => problem)).toEqual(["policy depends on agent"]);
  });

  it("sees vague and badly spelt file names", () => {
    const names = ["packages/cli/src/utils.ts", "packages/cli/src/camelCase.ts", "test/xml-utils.ts"];
    expect(checkFileNames(names)).toHaveLength(3);
  });

  it.each([`// ${"TO" + "DO"} later`, `see ${"/work/" + "shared"}/design`, `in ${"." + "library"}/x`])(
    "sees the words of %s",
    (text) => {
      expect(checkWords([{ path: "docs/a.md", text: `first line\n${text}` }])).toMatchObject([{ at: "docs/a.md:2" }]);
    },
  );

  it("names a remedy for every finding", () => {
    const findings = checkPurity([sourceFile(pure, "process.exit(); setInterval(f, 1); new Date();")]);
    expect(findings).toHaveLength(3);
    for (const { remedy } of findings) expect(remedy.length).toBeGreaterThan(10);
  });
});

describe("a rule that lets its neighbour pass", () => {
  it.each<[string, (files: SourceFile[]) => Finding[], string, string]>([
    ["an import downwards", checkDirection, pure, 'import type { Outcome } from "@berth/model";'],
    [
      "a test that uses the shared support",
      checkDirection,
      "packages/agent/test/a.test.ts",
      'import "../../../test/support/b.ts";',
    ],
    [
      "vitest in a test",
      (files) => checkDeclared(files, manifests, root),
      "packages/agent/test/a.ts",
      'import "vitest";',
    ],
    ["a field called process", checkPurity, pure, "export const a = { process: 1 }; a.process;"],
    ["a function of its own called process", checkPurity, pure, "function process() {} process();"],
    ["a clock in the agent", checkPurity, "packages/agent/src/a.ts", "Date.now();"],
    ["a file at the limit", checkFileLengths, pure, lines(500)],
    ["a function at the limit", checkFunctionLengths, pure, `function f() {\n${lines(68)}}`],
    ["a long suite", checkFunctionLengths, "test/a.test.ts", `describe.each([1])("x", () => {\n${lines(90)}});`],
    [
      "a suite that others run too",
      checkFunctionLengths,
      "test/a.ts",
      `function f() {\n describe("x", () => {\n${lines(90)}});}`,
    ],
    ["an error with a code", checkErrors, pure, 'throw new AgentError("X", "y");'],
    ["a bare error in a test", checkErrors, "test/a.ts", 'throw new Error("x");'],
    ["an explained export", checkDocs, pure, "/** What f does. */\nexport function f() {}"],
    [
      "the type of an explained table",
      checkDocs,
      pure,
      "/** t */\nexport const t = [1] as const;\nexport type T = (typeof t)[number];",
    ],
    [
      "the second signature",
      checkDocs,
      pure,
      "/** f */\nexport function f(a: 1): 1;\nexport function f(a: 2): 2;\nexport function f(a: any) {}",
    ],
    ["a poll", checkSleeps, "test/a.ts", "while (!ready()) await new Promise((done) => setTimeout(done, 5));"],
    ["a deadline", checkSleeps, "test/a.ts", "new Promise((_, reject) => setTimeout(() => reject(late), 5));"],
    ["a table of tests", checkSkips, "test/a.test.ts", 'it.each([1])("x", () => {});'],
  ])("passes %s", (_what, check, path, text) => {
    expect(problems(check, path, text)).toEqual([]);
  });
});
