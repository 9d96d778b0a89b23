import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ClassExpression,
  classNamesOf,
  evaluateClassExpression,
} from "../src/class-expression/class-expression.ts";
import { classExpressionDiagnostic, parseClassExpression } from "../src/class-expression/parse-class-expression.ts";

function parsed(text: string): ClassExpression {
  const result = parseClassExpression(text);
  if (!result.ok) throw new Error(`${text}: ${result.error.message}`);
  return result.expression;
}

function holds(text: string, set: readonly string[]): boolean {
  return evaluateClassExpression(parsed(text), (name) => set.includes(name));
}

function errorOf(text: string): string {
  const result = parseClassExpression(text);
  if (result.ok) return "accepted";
  const { code, index, length, hint } = result.error;
  return `${code.slice("CLASS_EXPRESSION_".length)} ${index}+${length}${hint === undefined ? "" : ` ${hint}`}`;
}

describe("a class expression", () => {
  it.each([
    ["linux", ["linux"], true],
    ["linux", ["debian"], false],
    ["!linux", ["debian"], true],
    ["linux.debian", ["linux", "debian"], true],
    ["linux&debian", ["linux"], false],
    ["linux|debian", ["debian"], true],
    ["linux||debian", [], false],
    ["a.b|c", ["c"], true],
    ["a|b.c", ["b"], false],
    ["!a.b", ["b"], true],
    ["!(a.b)", ["a"], true],
    ["!(!a)", ["a"], true],
    [" a . ( b | !c ) ", ["a"], true],
    ["! a", ["a"], false],
    ["\ta\t||\tb\t", ["b"], true],
    ["ns:a.default:b", ["ns:a", "default:b"], true],
    ["10_1_2_3", ["10_1_2_3"], true],
  ])("%s over %j is %j", (text, set, expected) => {
    expect(holds(text, set)).toBe(expected);
  });

  it.each([
    ["", "EMPTY 0+1 any"],
    ["   ", "EMPTY 0+1 any"],
    ["a&&b", "DOUBLE_AND 1+2 &"],
    ["!!a", "DOUBLE_NOT 0+2"],
    ["! !a", "DOUBLE_NOT 0+2"],
    ["a b", "MISSING_OPERATOR 2+1 ."],
    ["linux and debian", "MISSING_OPERATOR 6+3 ."],
    ["linux or debian", "MISSING_OPERATOR 6+2 |"],
    ["linux not debian", "MISSING_OPERATOR 6+3 .!"],
    ["a!b", "MISSING_OPERATOR 1+1 ."],
    ["a(b)", "MISSING_OPERATOR 1+1 ."],
    ["(a)(b)", "MISSING_OPERATOR 3+1 ."],
    ["a..b", "MISSING_NAME 2+1"],
    ["a.", "MISSING_NAME 1+1"],
    ["a.  ", "MISSING_NAME 1+1"],
    ["|a", "MISSING_NAME 0+1"],
    ["a|||b", "MISSING_NAME 3+1"],
    ["()", "MISSING_NAME 1+1"],
    ["!", "MISSING_NAME 0+1"],
    ["(a", "UNCLOSED_PARENTHESIS 0+1"],
    ["((a)", "UNCLOSED_PARENTHESIS 0+1"],
    ["a)", "EXTRA_PARENTHESIS 1+1"],
    ["a,b", "BAD_CHARACTER 1+1 |"],
    ["a-b", "BAD_CHARACTER 1+1 a_b"],
    ["kvm-01.dc1", "BAD_CHARACTER 3+1 kvm_01"],
    ["a:", "BAD_CHARACTER 1+1 a_"],
    ["é", "BAD_CHARACTER 0+1 _"],
    ["$(x)", "BAD_CHARACTER 0+1 _"],
  ])("%j is refused: %s", (text, expected) => {
    expect(errorOf(text)).toBe(expected);
  });

  it("says where in the file the error stands", () => {
    const result = parseClassExpression("a-b");
    if (result.ok) throw new Error("accepted");
    const diagnostic = classExpressionDiagnostic(result.error, { file: "p.cf", line: 4, column: 3 });
    expect(diagnostic.position).toEqual({ file: "p.cf", line: 4, column: 4 });
    expect(diagnostic.hint).toBe("a_b");
  });

  it("lists the classes it asks for, once each, in the order of the text", () => {
    expect(classNamesOf(parsed("b.(a|!b)|c"))).toEqual(["b", "a", "c"]);
  });

  it("nests a hundred parentheses deep and refuses more, however many", () => {
    expect(holds(`${"(".repeat(100)}a${")".repeat(100)}`, ["a"])).toBe(true);
    expect(errorOf(`${"(".repeat(101)}a${")".repeat(101)}`)).toBe("TOO_DEEP 100+1");
    expect(errorOf("(".repeat(60_000))).toBe("TOO_DEEP 100+1");
    expect(errorOf("!(".repeat(30_000))).toBe("TOO_DEEP 201+1");
    expect(errorOf("a|".repeat(40_000))).toBe("TOO_LONG 0+1");
    expect(holds("a.".repeat(30_000).slice(0, -1), ["a"])).toBe(true);
  });
});

/** The dumb second implementation: the text is turned into JavaScript's own operators and JavaScript decides. */
function holdsInJavaScript(text: string, set: readonly string[]): boolean {
  const source = text
    .replaceAll(/[a-z_0-9]+/g, (name) => (set.includes(name) ? "1" : "0"))
    .replaceAll(/[.&]/g, " && ")
    .replaceAll(/\|+/g, " || ");
  return Boolean(new Function(`return (${source})`)());
}

const { expression: expressionText } = fc.letrec<{ expression: string; primary: string }>((tie) => ({
  primary: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("a", "b", "c", "d_1"),
    tie("expression").map((inner) => `(${inner})`),
    tie("expression").map((inner) => `!(${inner})`),
    fc.constantFrom("!a", "!b"),
  ),
  expression: fc
    .tuple(
      tie("primary"),
      fc.array(fc.tuple(fc.constantFrom(".", "&", "|", "||", " . ", " | "), tie("primary")), { maxLength: 3 }),
    )
    .map(([first, rest]) => first + rest.map(([operator, operand]) => operator + operand).join("")),
}));

describe("class expressions at random", () => {
  it("hold exactly where JavaScript's own operators say so", () => {
    fc.assert(
      fc.property(expressionText, fc.subarray(["a", "b", "c", "d_1"]), (text, set) => {
        expect(holds(text, set)).toBe(holdsInJavaScript(text, set));
      }),
      { numRuns: 500 },
    );
  });

  it("never throw on any text, and an error lies within the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[ab.&|!() :,-]{0,24}$/)), (text) => {
        const result = parseClassExpression(text);
        if (result.ok) return;
        expect(result.error.index).toBeGreaterThanOrEqual(0);
        expect(result.error.index).toBeLessThanOrEqual(text.length);
        expect(result.error.length).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });
});
