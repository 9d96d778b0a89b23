import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderDiagnostic } from "../src/render-diagnostic.ts";
import type { PolicyFile } from "../src/syntax/ast.ts";
import { checkFiles } from "../src/syntax/check-files.ts";
import { parsePolicy } from "../src/syntax/parse-policy.ts";

const seedFolder = new URL("../../../test/fixtures/seed/", import.meta.url);
const seeds = readdirSync(seedFolder).map((name) => readFileSync(new URL(name, seedFolder), "utf8"));

/** Pieces of the language, and what breaks it. */
const pieces = [
  ..."{}()[];,:.|&!@$#=->+<\\`'\"\n\t \r~/%^*?",
  "=>",
  "->",
  "::",
  "bundle",
  "body",
  "promise",
  "agent",
  "control",
  "common",
  "file",
  "namespace",
  "vars:",
  "reports:",
  "guest_environments:",
  "linux::",
  '"$(x)"::',
  "a.b::",
  '"text"',
  "'text'",
  "`text`",
  '"',
  "$(x)",
  "@(list)",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the language's own braces
  "${a[$(b)]}",
  "f(",
  "slist =>",
  "string =>",
  "environment_type =>",
  '{ "a", "b" }',
  "\n@if minimum_version(3.18)\n",
  "\n@else\n",
  "\n@endif\n",
  "\n@if feature(no)\n",
  "# comment\n",
  '\\"',
  "\\\n",
  '<xml a="b">',
  "bundle agent m {\n",
  "}\n",
  "é",
  "\u2028",
  "\ud800",
  "\u0000",
  "-4.5",
  "a-b",
  "a:b",
  "1k",
];
const tokenSoup = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.constantFrom(" ", "\n", "x1")), { maxLength: 120 })
  .map((row) => row.join(""));

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => new TextDecoder("latin1").decode(bytes)),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => new TextDecoder().decode(bytes)),
);

/** A seed policy with a few pieces cut out, put in, doubled or swapped. */
const mutatedSeed = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 20 }), fc.oneof(fc.constant(""), fc.constantFrom(...pieces))), {
      minLength: 1,
      maxLength: 6,
    }),
  )
  .map(([seed, edits]) => {
    let text = seed;
    for (const [at, cut, piece] of edits) {
      const start = at % (text.length + 1);
      text = text.slice(0, start) + piece + text.slice(start + cut);
    }
    return text;
  });

/** Everything that must hold of any text. */
function examine(text: string): void {
  const { ast, diagnostics } = parsePolicy(text, "p.cf");
  const lines = text.split("\n");
  const clean = diagnostics.every((diagnostic) => diagnostic.severity !== "error");
  let before = 0;
  for (const diagnostic of [...diagnostics, ...checkFiles([ast], clean)]) {
    const { position, code, length = 1 } = diagnostic;
    const line = lines[position.line - 1];
    if (line === undefined) throw new Error(`${code} points at line ${position.line} of ${lines.length}`);
    expect(position.column).toBeGreaterThanOrEqual(1);
    expect(position.column).toBeLessThanOrEqual(line.length + 1);
    expect(length).toBeGreaterThanOrEqual(1);
    expect(code).toMatch(/^(POLICY|CLASS_EXPRESSION)_[A-Z_]+$/);
    expect(renderDiagnostic(diagnostic, text)).toContain(code);
  }
  for (const { position } of diagnostics) {
    const place = position.line * 1e6 + position.column;
    expect(place).toBeGreaterThanOrEqual(before);
    before = place;
  }
  if (clean) examineTree(ast, text, lines);
}

/** In a tree without errors every string and every word stands where its position says. */
function examineTree(ast: PolicyFile, text: string, lines: readonly string[]): void {
  const pending: unknown[] = [...ast.blocks];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (typeof node !== "object" || node === null) continue;
    const {
      kind,
      position,
      raw,
      text: word,
    } = node as Record<string, unknown> & { position: { line: number; column: number } };
    const written =
      kind === "string" || kind === "variable" ? raw : kind === "identifier" || kind === "name" ? word : undefined;
    if (typeof written === "string") {
      const rest = [lines[position.line - 1]?.slice(position.column - 1), ...lines.slice(position.line)].join("\n");
      if (!rest.startsWith(written))
        throw new Error(
          `${JSON.stringify(written)} is not at ${position.line}:${position.column} of ${JSON.stringify(text)}`,
        );
    }
    pending.push(...Object.values(node));
  }
}

describe("the parser, whatever the text holds,", () => {
  it("gives a tree and findings inside the text for random characters and bytes", () => {
    fc.assert(fc.property(anyText, examine), { numRuns: 1500 });
  });

  it("gives a tree and findings inside the text for random rows of tokens", () => {
    fc.assert(fc.property(tokenSoup, examine), { numRuns: 3000 });
  });

  it("gives a tree and findings inside the text for token rows inside a bundle and inside a body", () => {
    const wrapped = fc.tuple(
      fc.constantFrom("bundle agent m {\nvars:\n", "body action a {\n"),
      tokenSoup,
      fc.constantFrom("\n}\n", ""),
    );
    fc.assert(
      fc.property(
        wrapped.map((parts) => parts.join("")),
        examine,
      ),
      { numRuns: 3000 },
    );
  });

  it("gives a tree and findings inside the text for damaged seed policies", () => {
    fc.assert(fc.property(mutatedSeed, examine), { numRuns: 2000 });
  });

  it("reads every prefix and every suffix of the seed policies", () => {
    for (const seed of seeds) {
      for (let cut = 0; cut <= seed.length; cut += 7) {
        examine(seed.slice(0, cut));
        examine(seed.slice(cut));
      }
    }
  });
});

/** Texts that punish a parser which looks ahead, goes back or calls itself too much: each grows with `n`. */
const hostileTexts: readonly (readonly [string, (n: number) => string])[] = [
  ["open braces", (n) => `bundle agent m {\nvars:\n"a" slist => ${"{".repeat(n)}`],
  ["open calls", (n) => `bundle agent m {\nvars:\n"a" string => ${"f(".repeat(n)}`],
  ["closed calls", (n) => `bundle agent m {\nvars:\n"a" string => ${"f(".repeat(n)}${")".repeat(n)};\n}`],
  ["open parentheses in a guard", (n) => `bundle agent m {\nvars:\n${"(".repeat(n)}a::\n"a" string => "b";\n}`],
  ["nested variables", (n) => `bundle agent m {\nvars:\n"a" string => ${"$(a[".repeat(n)};\n}`],
  ["quotes", (n) => `bundle agent m {\nvars:\n${'"'.repeat(n)}`],
  ["escaped quotes", (n) => `bundle agent m {\nvars:\n${'\\"'.repeat(n)}`],
  ["three kinds of quotes", (n) => `bundle agent m {\nvars:\n${"\"'`\n".repeat(n)}`],
  ["strings glued to words", (n) => `bundle agent m {\nvars:\n${'"a" string => "b"c '.repeat(n)}`],
  [
    "strings that swallow lines",
    (n) => `bundle agent m {\nvars:\n${'"a" string => "b,\n comment => "c";\n'.repeat(n)}`,
  ],
  ["stray strings before text", (n) => `bundle agent m {\nvars:\n${"\"a\" string => ' ' <\n".repeat(n)}`],
  ["XML without quotes", (n) => `bundle agent m {\nvars:\n${'"a" string => <a>\n'.repeat(n)}`],
  ["curly quotes", (n) => `bundle agent m {\nvars:\n${"\u201ca ".repeat(n)}`],
  ["comments of C that never end", (n) => `bundle agent m {\nvars:\n${"/* \n".repeat(n)}`],
  ["strings of XML that never end", (n) => `bundle agent m {\nvars:\n${'"a" string => "<a>,\n'.repeat(n)}`],
  ["words on one line", (n) => `bundle agent m {\nvars:\n${"a ".repeat(n)}`],
  ["guards without an end on one line", (n) => `bundle agent m {\nvars:\n${"a.b|".repeat(n)}`],
  ["words that no promise can start with", (n) => `bundle agent m {\nvars:\n${"a b; ".repeat(n)}`],
  ["dots", (n) => `bundle agent m {\nvars:\n${".".repeat(n)}`],
  ["colons", (n) => `bundle agent m {\nvars:\n${":".repeat(n)}`],
  ["guards", (n) => `bundle agent m {\nvars:\n${"a::".repeat(n)}`],
  ["block words", (n) => "bundle ".repeat(n)],
  ["block words far apart", (n) => `bundle${" ".repeat(n)}`.repeat(8)],
  ["comments", (n) => "#\n".repeat(n)],
  ["macros", (n) => "@if feature(no)\n@endif\n".repeat(n)],
  ["macros that are wrong", (n) => "@if feature(no)\n".repeat(n)],
  ["macros that keep", (n) => "bundle agent m {\n@if feature(xml)\nvars:\n@endif\n}\n".repeat(n)],
  ["attributes", (n) => `bundle agent m {\nvars:\n"a" ${'x => "b", '.repeat(n)};\n}`],
  ["late attributes", (n) => `bundle agent m {\nvars:\n"a" ${'x => "b"; '.repeat(n)}\n}`],
  ["commas", (n) => `bundle agent m {\nvars:\n"a" slist => { ${",".repeat(n)} };\n}`],
  ["parameters", (n) => `bundle agent m(${"a,".repeat(n)}) {}`],
  ["empty bundles of one name", (n) => "bundle agent m {}\n".repeat(n)],
  ["unknown promise types", (n) => `bundle agent m {\n${"reprots:\n".repeat(n)}}`],
  ["unknown bodies", (n) => `bundle agent m {\nreports:\n${'"a" action => nope;\n'.repeat(n)}}`],
];

describe("a hostile text of", () => {
  it.each(hostileTexts)("%s takes time in proportion to its length", (_, text) => {
    /** Milliseconds of this process: other work on the machine does not count. */
    const elapsed = (n: number): number => {
      const hostile = text(n);
      const before = process.cpuUsage();
      const { ast, diagnostics } = parsePolicy(hostile, "p.cf");
      checkFiles([ast], diagnostics.length === 0);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    elapsed(2_000);
    const small = Math.min(elapsed(5_000), elapsed(5_000));
    const large = Math.min(elapsed(40_000), elapsed(40_000));
    // Eight times the text may take sixteen times as long, or less than is worth measuring; a quadratic one takes 64 times.
    expect(large).toBeLessThan(Math.max(16 * small, 250));
  });
});

describe("a policy of a thousand guests", () => {
  const guest = (index: number): string =>
    `  "guest${index}" -> { "owner", "site" }\n    comment => "guest number ${index} of the fleet",\n` +
    `    environment_resources => small("$(this.promiser)", "2"),\n    environment_type => "test",\n` +
    `    environment_host => "any",\n    environment_state => "running";\n`;
  const text = `bundle agent m {\nguest_environments:\n  linux::\n${Array.from({ length: 1000 }, (_, index) => guest(index)).join("")}}\nbody environment_resources small(name, cpus) { env_cpus => "$(cpus)"; }\n`;

  it("is read and checked in well under 60 ms, warm", () => {
    const once = (): number => {
      const start = performance.now();
      const { ast, diagnostics } = parsePolicy(text, "p.cf");
      expect([...diagnostics, ...checkFiles([ast])]).toEqual([]);
      return performance.now() - start;
    };
    expect(text.length).toBeGreaterThan(200_000);
    const times = Array.from({ length: 10 }, once);
    expect(Math.min(...times)).toBeLessThan(60);
  });
});
