import type { Diagnostic } from "@berth/model";
import { describe, expect, it } from "vitest";
import { renderDiagnostic } from "../src/render-diagnostic.ts";

function at(line: number, column: number, more: Partial<Diagnostic> = {}): Diagnostic {
  return {
    severity: "error",
    code: "POLICY_X",
    message: "it is wrong",
    position: { file: "p.cf", line, column },
    ...more,
  };
}

describe("a rendered diagnostic", () => {
  it("shows place, severity, message, code, the source line and a caret", () => {
    expect(renderDiagnostic(at(2, 5, { length: 3 }), "one\nabc def ghi\nthree")).toBe(
      ["p.cf:2:5: error: it is wrong [POLICY_X]", "  2 | abc def ghi", "    |     ^^^"].join("\n"),
    );
  });

  it("shows the hint and the other places", () => {
    const related = [{ position: { file: "q.cf", line: 9, column: 1 }, message: "first here" }];
    expect(renderDiagnostic(at(1, 1, { hint: "word", related }), "wrd")).toBe(
      [
        "p.cf:1:1: error: it is wrong [POLICY_X]",
        "  1 | wrd",
        "    | ^",
        "    = did you mean `word`?",
        "    = q.cf:9:1: first here",
      ].join("\n"),
    );
  });

  it("is one line without the source", () => {
    expect(renderDiagnostic(at(2, 5))).toBe("p.cf:2:5: error: it is wrong [POLICY_X]");
  });

  it("leaves out the source line where the text has no such line", () => {
    expect(renderDiagnostic(at(7, 1), "one line")).toBe("p.cf:7:1: error: it is wrong [POLICY_X]");
  });

  it("keeps tabs, so that the caret stands under its column whatever a tab's width", () => {
    const lines = renderDiagnostic(at(1, 3), "\t\tx").split("\n");
    expect(lines[1]).toBe("  1 | \t\tx");
    expect(lines[2]).toBe("    | \t\t^");
  });

  it("puts the caret right behind the line where something is missing at its end", () => {
    expect(renderDiagnostic(at(1, 4), "abc").split("\n")[2]).toBe("    |    ^");
    expect(renderDiagnostic(at(1, 400), "abc").split("\n")[2]).toBe("    |    ^");
  });

  it("drops a carriage return and shows control characters and reordering marks as dots", () => {
    expect(renderDiagnostic(at(1, 1), "a\u001b[31mb\u202ec\r\n").split("\n")[1]).toBe("  1 | a\u00b7[31mb\u00b7c");
  });

  it("cuts a long line around the caret, and the caret still stands under its column", () => {
    const source = `${"x".repeat(300)}HERE${"y".repeat(300)}`;
    const [, shown = "", carets = ""] = renderDiagnostic(at(1, 301, { length: 4 }), source).split("\n");
    expect(shown.length).toBeLessThan(125);
    const column = carets.indexOf("^");
    expect(shown.slice(column, column + 4)).toBe("HERE");
    expect(carets.trimEnd().endsWith("^^^^")).toBe(true);
  });
});
