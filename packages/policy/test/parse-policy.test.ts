import { describe, expect, it } from "vitest";
import type { Body, Bundle, PolicyPromise, Value } from "../src/syntax/ast.ts";
import { parsePolicy, policyLengthMax } from "../src/syntax/parse-policy.ts";
import { positionInString } from "../src/syntax/parse-string.ts";
import { findingsOf, inBundle } from "./support.ts";

/** A value in short: quoted strings in quotes, lists in braces, calls with parentheses. */
function brief(value: Value | undefined): string {
  switch (value?.kind) {
    case undefined:
      return "none";
    case "string":
      return JSON.stringify(value.text);
    case "name":
      return value.text;
    case "variable":
      return `${value.sigil}<${value.name}>`;
    case "list":
      return `{${value.elements.map(brief).join(",")}}`;
    case "call":
      return `${value.name.text}(${value.args.map(brief).join(",")})`;
  }
}

function promisesOf(text: string): readonly PolicyPromise[] {
  const { ast, diagnostics } = parsePolicy(inBundle(text), "p.cf");
  expect(diagnostics).toEqual([]);
  const bundle = ast.blocks.find((block): block is Bundle => block.kind === "bundle");
  return bundle?.sections.flatMap((section) => section.promises) ?? [];
}

function rightSideOf(rightSide: string): string {
  const [promise] = promisesOf(`vars:\n "x" string => ${rightSide};`);
  return brief(promise?.attributes[0]?.value);
}

describe("a right side", () => {
  it.each([
    ['"a"', '"a"'],
    ["'a'", '"a"'],
    ["`a`", '"a"'],
    [String.raw`"a\"b\'c\\d"`, String.raw`"a\"b'c\\d"`],
    [String.raw`'a\"b\'c\\d'`, String.raw`"a\"b'c\\d"`],
    [String.raw`"a\nb\$(x)\ "`, String.raw`"a\\nb\\$(x)\\ "`],
    ["`a\\`", String.raw`"a\\"`],
    ['"a\\\nb"', '"ab"'],
    ['"a\nb"', String.raw`"a\nb"`],
    ['"a # b"', '"a # b"'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the language's own braces
    ['"$(a[$(b)]) @(c) ${d}"', '"$(a[$(b)]) @(c) ${d}"'],
    ["small", "small"],
    ["ns:small", "ns:small"],
    ["42", "42"],
    ["$(x)", "$<x>"],
    ["@{a.b}", "@<a.b>"],
    ["$(a:b.c[$(d)])", "$<a:b.c[$(d)]>"],
    ['{ "a", b, f("c"), $(d), @(e), }', '{"a",b,f("c"),$<d>,@<e>}'],
    ["{}", "{}"],
    ['f("a", g(h, "b"), @(c))', 'f("a",g(h,"b"),@<c>)'],
    ["f()", "f()"],
    ['f ( "a" )', 'f("a")'],
    ['ns:f("a")', 'ns:f("a")'],
    ['$(f)("a")', '$(f)("a")'],
  ])("%s is read as %s", (text, expected) => {
    expect(rightSideOf(text)).toBe(expected);
  });
});

describe("a bundle", () => {
  it("keeps headings, guards, promisers, promisees and attributes, each with its place", () => {
    const text = [
      "bundle agent cloud(a, b,)",
      "{",
      "guest_environments:",
      "  linux.!debian::",
      '    "web" -> { "owner" }   # a comment',
      '      comment => "x",',
      "      environment_resources => small;",
      '  "$(list)"::',
      '    "db";',
      "reports:",
      '    "end" -> "reader";',
      "}",
    ].join("\n");
    const { ast, diagnostics } = parsePolicy(text, "p.cf");
    expect(diagnostics).toEqual([]);
    const bundle = ast.blocks[0] as Bundle;
    expect(bundle.parameters.map((parameter) => parameter.text)).toEqual(["a", "b"]);
    expect(bundle.sections.map((section) => section.promiseType.text)).toEqual(["guest_environments", "reports"]);
    const [web, db] = bundle.sections[0]?.promises ?? [];
    expect(web?.guard).toMatchObject({ text: "linux.!debian", quoted: false, position: { line: 4, column: 3 } });
    expect(web?.position).toEqual({ file: "p.cf", line: 5, column: 5 });
    expect(brief(web?.promisee)).toBe('{"owner"}');
    expect(web?.attributes.map((attribute) => attribute.name.text)).toEqual(["comment", "environment_resources"]);
    expect(web?.attributes[1]?.value.position).toEqual({ file: "p.cf", line: 7, column: 32 });
    expect(db?.guard).toMatchObject({ text: "$(list)", quoted: true });
    const [end] = bundle.sections[1]?.promises ?? [];
    expect(end?.guard).toBeUndefined();
    expect(brief(end?.promisee)).toBe('"reader"');
  });

  it("takes a promise type, a guard and a promise on one line", () => {
    const [promise] = promisesOf('reports: linux:: "x";');
    expect(promise?.guard?.text).toBe("linux");
    expect(promise?.promiser.text).toBe("x");
  });

  it("takes a guard with blanks around its operators, and qualified classes", () => {
    expect(promisesOf('reports:\n a . b|| ns:c ::\n "x";')[0]?.guard?.text).toBe("a . b|| ns:c");
  });

  it("ends a guard at the next guard and at the next promise type", () => {
    const guards = promisesOf('reports:\n a::\n "1";\n b::\n "2";\nvars:\n "v" int => "3";').map((p) => p.guard?.text);
    expect(guards).toEqual(["a", "b", undefined]);
  });

  it("takes a promise type that it does not know: other files may declare it", () => {
    expect(promisesOf('custom_type:\n "x" anything => "y";')).toHaveLength(1);
  });

  it("freezes its nodes", () => {
    const { ast } = parsePolicy(inBundle('vars: "x" slist => { "a" };'), "p.cf");
    const pending: object[] = [ast];
    let count = 0;
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      expect(Object.isFrozen(node)).toBe(true);
      count++;
      for (const child of Object.values(node)) if (typeof child === "object" && child !== null) pending.push(child);
    }
    expect(count).toBeGreaterThan(20);
  });
});

describe("a body", () => {
  it("keeps its parameters, its guards and a name given under two guards", () => {
    const { ast, diagnostics } = parsePolicy(
      'body environment_resources small(x)\n{\n linux::\n  env_cpus => "$(x)";\n !linux::\n  env_cpus => "1";\n}',
      "p.cf",
    );
    expect(diagnostics).toEqual([]);
    const body = ast.blocks[0] as Body;
    expect(body.parameters.map((parameter) => parameter.text)).toEqual(["x"]);
    expect(body.attributes.map((attribute) => [attribute.guard?.text, brief(attribute.value)])).toEqual([
      ["linux", '"$(x)"'],
      ["!linux", '"1"'],
    ]);
  });

  it("named file control sets the namespace of the blocks below it", () => {
    const { ast } = parsePolicy(
      'bundle agent a {}\nbody file control { namespace => "n"; }\nbundle agent b {}\nbody action c {}',
      "p.cf",
    );
    expect(ast.blocks.map((block) => ("namespace" in block ? block.namespace : ""))).toEqual([
      "default",
      "default",
      "n",
      "n",
    ]);
  });

  it("may be a promise block, which declares a promise type", () => {
    const { ast } = parsePolicy('promise agent git { path => "/x"; interpreter => "/y"; }', "p.cf");
    expect(ast.blocks[0]).toMatchObject({ kind: "promise-block", blockType: { text: "agent" }, name: { text: "git" } });
  });
});

describe("macros", () => {
  const kept = ' "kept";\n';
  it.each([
    ["@if minimum_version(3.18)\n%@endif", 1],
    ["@if minimum_version(3.21)\n%@endif", 1],
    ["@if minimum_version(3.21.1)\n%@endif", 0],
    ['@if minimum_version(3.99)\n not a policy " `\n@else\n%@endif', 1],
    ['@if minimum_version(3.18)\n%@else\n not a policy "\n@endif', 1],
    ["@if maximum_version(3.20)\n%@endif", 0],
    ["@if at_version(3.21)\n%@endif", 1],
    ["@if after_version(3.21)\n%@endif", 0],
    ["@if before_version(3.22)\n%@endif", 1],
    ["@if between_versions(3.20, 3.22)\n%@endif", 1],
    ["@if between_versions(3.22,3.23)\n%@endif", 0],
    ["@if feature(yaml)\n%@endif", 1],
    ["@if feature(nonesuch)\n%@endif", 0],
    ["@if minimum_version(3.18) # why\n%@endif # why", 1],
    ["@if minimum_version(3.18)\r\n%@endif\r\n", 1],
    ['"\n@endif\n";%', 2],
    ["# @endif\n%", 1],
  ])("%j leave %i promises", (text, count) => {
    expect(promisesOf(`reports:\n${text.replace("%", kept)}`)).toHaveLength(count);
  });

  it.each([
    ["@endif\n", ["POLICY_MACRO_WITHOUT_IF 5:1"]],
    ["@else\n", ["POLICY_MACRO_WITHOUT_IF 5:1"]],
    ["@if minimum_version(3.18)\n", ["POLICY_MACRO_UNCLOSED 5:1"]],
    [" @if minimum_version(3.18)\n@endif\n", ["POLICY_MACRO_COLUMN 5:2"]],
    ["@if minimum_version( 3.18 )\n@endif\n", ["POLICY_MACRO_CONDITION 5:1"]],
    ["@if nonesuch(3.18)\n@endif\n", ["POLICY_MACRO_CONDITION 5:1"]],
    ["@if minimum_version(3.18.1.2)\n@endif\n", ["POLICY_MACRO_CONDITION 5:1"]],
    ["@if constructor(3.18)\n@endif\n", ["POLICY_MACRO_CONDITION 5:1"]],
    ["@if feature(xml)\n@if feature(xml)\n@endif\n", ["POLICY_MACRO_NESTED 6:1"]],
    ["@if feature(no)\n@if feature(xml)\n@endif\n", ["POLICY_MACRO_NESTED 6:1"]],
    ["@if feature(xml)\n@else\n@else\n@endif\n", ["POLICY_MACRO_SECOND_ELSE 7:1"]],
    ["@if feature(no)\n@else\n@else\n@endif\n", ["POLICY_MACRO_SECOND_ELSE 7:1"]],
  ])("%j is told %j", (text, expected) => {
    expect(findingsOf(inBundle(`reports:\n${text}`))).toEqual(expected);
  });

  it("do not hide what the parser looks ahead over", () => {
    const promises = promisesOf('vars:\n "a"\n@if minimum_version(3.99)\n string => "no",\n@endif\n string => "yes";');
    expect(brief(promises[0]?.attributes[0]?.value)).toBe('"yes"');
  });
});

describe("a place inside a string", () => {
  it("is found through escapes and lines", () => {
    const raw = '"a\\"b\\\\c\nd\\\ne"';
    const { ast } = parsePolicy(inBundle(` reports:\n  ${raw};`), "p.cf");
    const promiser = (ast.blocks[1] as Bundle).sections[0]?.promises[0]?.promiser;
    if (promiser === undefined) throw new Error("no promise");
    expect(promiser.text).toBe('a"b\\c\nde');
    const places = [...promiser.text].map((_, index) => positionInString(promiser, index));
    expect(places.map(({ line, column }) => `${line}:${column}`)).toEqual([
      "5:4",
      "5:5",
      "5:7",
      "5:8",
      "5:10",
      "5:11",
      "6:1",
      "7:1",
    ]);
  });
});

describe("a text that is no policy", () => {
  it.each([
    ["a\0b", "POLICY_NOT_TEXT 1:1"],
    ["\uFEFFbundle agent m {}", "POLICY_BYTE_ORDER_MARK 1:1"],
    [" ".repeat(policyLengthMax + 1), "POLICY_TOO_LONG 1:1"],
  ])("is told so once", (text, expected) => {
    expect(findingsOf(text)).toEqual([expected]);
  });

  it("shows a hundred findings and counts the rest", () => {
    const { diagnostics } = parsePolicy("x bundle agent m { ; }\n".repeat(1000), "p.cf");
    expect(diagnostics).toHaveLength(101);
    expect(diagnostics.at(-1)).toMatchObject({ code: "POLICY_TOO_MANY_FINDINGS", severity: "error" });
    expect(diagnostics.at(-1)?.message).toMatch(/^1900 more/);
  });
});
