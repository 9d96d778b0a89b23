import { describe, expect, it } from "vitest";
import { findingsOf, inBundle } from "./support.ts";

/** Statements of the bundle `m`, from line 4 on; what the whole text is told. One slip gives one finding. */
describe("inside a bundle", () => {
  it.each([
    // Strings and values
    ['reports:\n "a;', ["POLICY_UNTERMINATED_STRING 5:2"]],
    ['vars:\n "a" string => "b,\n  comment => "c";\nreports:\n "d";', ["POLICY_UNTERMINATED_STRING 5:16"]],
    ['vars:\n "a" string => "b;\n "c" string => "d";', ["POLICY_UNTERMINATED_STRING 5:16"]],
    ['vars:\n "a string => "b";', ["POLICY_UNTERMINATED_STRING 5:2"]],
    ['vars:\n "a" string => "say "hi" now";', ["POLICY_TEXT_AFTER_STRING 5:21"]],
    ['vars:\n "a" string => "x" "y";', ["POLICY_ADJACENT_STRINGS 5:20"]],
    ['vars:\n "a" string => " " "y";', ["POLICY_STRAY_STRING 5:16"]],
    ['vars:\n "a" string => " "\n<xml>\n</xml> ";', ["POLICY_STRAY_STRING 5:16"]],
    ['vars:\n "a" string => "<x y="z"/>";', ["POLICY_TEXT_AFTER_STRING 5:22"]],
    ['vars:\n "a" real => 4.5;', ["POLICY_UNQUOTED_VALUE 5:14"]],
    ['vars:\n "a" int => -4;', ["POLICY_UNQUOTED_VALUE 5:13"]],
    ['vars:\n "a" string => /srv/x.xml;', ["POLICY_UNQUOTED_VALUE 5:16"]],
    ['vars:\n "a" string => kvm-01;', ["POLICY_UNQUOTED_VALUE 5:16"]],
    ['vars:\n "a" string => $(x;', ["POLICY_UNQUOTED_VALUE 5:16"]],
    ['vars:\n "a" string => ;', ["POLICY_MISSING_VALUE 5:16"]],
    ['vars:\n "a" string => b";', ["POLICY_MISSING_OPENING_QUOTE 5:16"]],
    ['vars:\n "a" string => b-c";\n "d" string => "e";', ["POLICY_MISSING_OPENING_QUOTE 5:16"]],
    ['vars:\n "a" string => "b" + "c" + d;', ["POLICY_ADJACENT_STRINGS 5:20"]],
    ['vars:\n "a" string => <b>\n</b>;\n "c" int => "4";', ["POLICY_XML_WITHOUT_QUOTES 5:16"]],
    ['vars:\n "a" string => bundle;', ["POLICY_RESERVED_WORD 5:16"]],
    // Lists and calls
    ['vars:\n "a" slist => { "b" "c" };', ["POLICY_MISSING_COMMA 5:20"]],
    ['vars:\n "a" slist => { "b",, "c" };', ["POLICY_EXTRA_COMMA 5:21"]],
    ['vars:\n "a" slist => { , "c" };', ["POLICY_EXTRA_COMMA 5:17"]],
    ['vars:\n "a" slist => { "b", "c" ;', ["POLICY_UNCLOSED_LIST 5:25"]],
    ['vars:\n "a" slist => { "b", "c"\n, comment => "d";', ["POLICY_UNCLOSED_LIST 5:25"]],
    ['vars:\n "a" slist => { "b", "c" );', ["POLICY_UNCLOSED_LIST 5:25"]],
    ['vars:\n "a" slist => [ "b", "c" ];', ["POLICY_LIST_BRACKETS 5:15"]],
    ['vars:\n "a" slist => ( "b", "c" );', ["POLICY_LIST_BRACKETS 5:15"]],
    ['vars:\n "a" slist => "b", "c", "d";', ["POLICY_LIST_WITHOUT_BRACES 5:15"]],
    ['vars:\n "a" slist => "b", "c", comment => "d";', ["POLICY_LIST_WITHOUT_BRACES 5:15"]],
    ['vars:\n "a" slist => { { "b" } };', ["POLICY_MISPLACED_LIST 5:17"]],
    ['vars:\n "a" data => { "b": 1 };', ["POLICY_UNQUOTED_JSON 5:19"]],
    ['vars:\n "a" string => f("b",);', ["POLICY_EXTRA_COMMA 5:21"]],
    ['vars:\n "a" string => f("b" "c");', ["POLICY_MISSING_COMMA 5:21"]],
    ['vars:\n "a" string => f("b";', ["POLICY_UNCLOSED_LIST 5:21"]],
    ['vars:\n "a" string => f({"b"});', ["POLICY_MISPLACED_LIST 5:18"]],
    // Attributes
    ['reports:\n "a" comment = "b";', ["POLICY_EXPECTED_ARROW 5:14"]],
    ['reports:\n "a" comment = > "b";', ["POLICY_EXPECTED_ARROW 5:14"]],
    ['reports:\n "a" comment -> "b";', ["POLICY_EXPECTED_ARROW 5:14"]],
    ['reports:\n "a" comment: "b", handle => "h";', ["POLICY_EXPECTED_ARROW 5:13"]],
    ['reports:\n "a" comment "b";', ["POLICY_EXPECTED_ARROW 5:13"]],
    ['reports:\n "a" comment, handle => "h";', ["POLICY_MISSING_VALUE 5:13"]],
    ['reports:\n "a" => "b";', ["POLICY_MISSING_ATTRIBUTE 5:6"]],
    ['reports:\n "a", comment => "b";', ["POLICY_COMMA_AFTER_PROMISER 5:5"]],
    ['reports:\n "a" comment => "b",;', ["POLICY_TRAILING_COMMA 5:20"]],
    ['vars:\n "a" string => "b",\n "c" string => "d";', ["POLICY_COMMA_FOR_SEMICOLON 5:19"]],
    ['vars:\n "a" string => "b",\nreports:\n "c";', ["POLICY_COMMA_FOR_SEMICOLON 5:19"]],
    ['vars:\n "a" string => "b",', ["POLICY_COMMA_FOR_SEMICOLON 5:19"]],
    ['reports:\n "a" com-ment => "b";', ["POLICY_BAD_ATTRIBUTE_NAME 5:6", "POLICY_UNKNOWN_ATTRIBUTE 5:6"]],
    ['reports:\n "a" comment => "b",, handle => "h";', ["POLICY_EXTRA_COMMA 5:21"]],
    ['reports:\n "a" comment => "b" handle => "h";', ["POLICY_MISSING_COMMA 5:20"]],
    ['reports:\n "a" comment => "b", comment => "c";', ["POLICY_DUPLICATE_ATTRIBUTE 5:22"]],
    // Promises
    ['reports:\n "";', ["POLICY_EMPTY_PROMISER 5:2"]],
    ['reports:\n "a"\n "b";', ["POLICY_MISSING_SEMICOLON 5:5"]],
    ['vars:\n "a" string => "b"\n "c" string => "d";', ["POLICY_MISSING_SEMICOLON 5:19"]],
    ['reports:\n "a"\nvars:\n "c" string => "d";', ["POLICY_MISSING_SEMICOLON 5:5"]],
    ['reports:\n "a"\n linux::\n "c";', ["POLICY_MISSING_SEMICOLON 5:5"]],
    ['reports:\n "a" comment => "b"', ["POLICY_MISSING_SEMICOLON 5:20"]],
    ['reports:\n "a";;', ["POLICY_EXTRA_SEMICOLON 5:6"]],
    ['reports:\n "a" comment => "b"; handle => "h";', ["POLICY_PROMISE_ENDED 5:20"]],
    [
      'reports:\n "a" comment => "b"; handle => "h"; meta => { "m" };',
      ["POLICY_PROMISE_ENDED 5:20", "POLICY_PROMISE_ENDED 5:35"],
    ],
    ['reports:\n comment => "b";', ["POLICY_ATTRIBUTE_WITHOUT_PROMISER 5:2"]],
    ['"a";\n"b";', ["POLICY_MISSING_PROMISE_TYPE 4:1"]],
    ["reports:\n a;", ["POLICY_UNQUOTED_PROMISER 5:2"]],
    ["reports:\n $(a);", ["POLICY_UNQUOTED_PROMISER 5:2"]],
    ['reports:\n kvm-01 comment => "a";', ["POLICY_UNQUOTED_PROMISER 5:2"]],
    ["reports:\n a b c;", ["POLICY_UNEXPECTED 5:2"]],
    ['reports :\n "a";', ["POLICY_BAD_PROMISE_TYPE 4:1"]],
    ['reports:\n "a" -> ;', ["POLICY_MISSING_VALUE 5:9"]],
    ['reports:\n "a" -> "b" -> "c";', ["POLICY_UNEXPECTED 5:13"]],
    ['bundle:\n "a";', ["POLICY_RESERVED_WORD 4:1"]],
    [
      '// a\nreports:\n /* b */ "a" comment => "b", // c\n handle => "h"; // d',
      [4, 6, 6, 7].map((line, index) => `POLICY_FOREIGN_COMMENT ${line}:${[1, 2, 30, 17][index]}`),
    ],
    ['reports\n "a";', ["POLICY_BAD_PROMISE_TYPE 4:1"]],
    [
      "reports:\n \u201ca b\u201d comment => \u201cc\u201d;",
      ["POLICY_TYPOGRAPHIC_QUOTES 5:2", "POLICY_TYPOGRAPHIC_QUOTES 5:19"],
    ],
    // Guards
    ['vars::\n "a" string => "b";', ["POLICY_GUARD_FOR_HEADING 4:1"]],
    ['vars:\n reports::\n "a" string => "b";', ["POLICY_GUARD_FOR_HEADING 5:2"]],
    ['reports:\n a-b::\n "x";', ["CLASS_EXPRESSION_BAD_CHARACTER 5:3"]],
    ['reports:\n a,b::\n "x";', ["CLASS_EXPRESSION_BAD_CHARACTER 5:3"]],
    ['reports:\n a b::\n "x";', ["CLASS_EXPRESSION_MISSING_OPERATOR 5:4"]],
    ['reports:\n !!a::\n "x";', ["CLASS_EXPRESSION_DOUBLE_NOT 5:2"]],
    ['reports:\n a&&b::\n "x";', ["CLASS_EXPRESSION_DOUBLE_AND 5:3"]],
    ['reports:\n "a-b"::\n "x";', ["CLASS_EXPRESSION_BAD_CHARACTER 5:4"]],
    ['reports:\n $(a)::\n "x";', ["POLICY_UNQUOTED_GUARD 5:2"]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the language's own braces
    ['reports:\n ${a}.b::\n "x";', ["POLICY_UNQUOTED_GUARD 5:2"]],
    ['reports:\n "$(a)" ::\n "x";', ["POLICY_BLANK_BEFORE_GUARD_MARK 5:8"]],
    ['reports:\n `a`::\n "x";', ["POLICY_BACKTICK_GUARD 5:2"]],
    ['reports:\n ::\n "x";', ["POLICY_UNEXPECTED 5:2"]],
  ])("%j is told %j", (text, expected) => {
    expect(findingsOf(inBundle(text))).toEqual(expected);
  });

  it("reports several slips in one pass, each where it is", () => {
    const text = [
      "vars:",
      ' "a" string = "1";',
      ' "b" slist => { "x" "y" };',
      ' "c" string => "2"',
      ' "d" string => "3",;',
      "reports:",
      " lin-ux::",
      ' "e", comment => "f";',
    ].join("\n");
    expect(findingsOf(inBundle(text))).toEqual([
      "POLICY_EXPECTED_ARROW 5:13",
      "POLICY_MISSING_COMMA 6:20",
      "POLICY_MISSING_SEMICOLON 7:19",
      "POLICY_TRAILING_COMMA 8:19",
      "CLASS_EXPRESSION_BAD_CHARACTER 10:5",
      "POLICY_COMMA_AFTER_PROMISER 11:5",
    ]);
  });
});

describe("between and around blocks", () => {
  it.each([
    ["x", ["POLICY_EXPECTED_BLOCK 1:1"]],
    ["}", ["POLICY_EXTRA_BRACE 1:1"]],
    ["bundle agent m {}}", ["POLICY_EXTRA_BRACE 1:18"]],
    ['bundle agent m {}\nvars:\n "a" int => "1";', ["POLICY_EXPECTED_BLOCK 2:1"]],
    ["bundle", ["POLICY_MISSING_NAME 1:7"]],
    ["bundle agent", ["POLICY_MISSING_NAME 1:13"]],
    ["bundle agent {}", ["POLICY_MISSING_NAME 1:14"]],
    ['bundle agent "m" {}', ["POLICY_MISSING_NAME 1:14"]],
    ["bundle agent m", ["POLICY_MISSING_BRACE 1:15"]],
    ["bundle agent m {", ["POLICY_MISSING_BRACE 1:17"]],
    ['bundle agent m {\nreports: "x";\nbundle agent n {}', ["POLICY_MISSING_BRACE 2:14"]],
    ['bundle agent m\nreports: "x";\n}', ["POLICY_MISSING_BRACE 1:15"]],
    ["bundle agent m }", ["POLICY_MISSING_BRACE 1:15"]],
    ["Bundle agent m {}", ["POLICY_EXPECTED_BLOCK 1:1"]],
    ["agent m {}", ["POLICY_EXPECTED_BLOCK 1:1"]],
    ["bundle m {}", ["POLICY_MISSING_NAME 1:8"]],
    ["// a\nbundle agent m {}", ["POLICY_FOREIGN_COMMENT 1:1"]],
    ['bundel agent m { reports: ""; }', ["POLICY_EXPECTED_BLOCK 1:1", "POLICY_EMPTY_PROMISER 1:27"]],
    ["bundle agnet m {}", ["POLICY_UNKNOWN_BUNDLE_TYPE 1:8"]],
    ["bundle agent ns:m {}", ["POLICY_QUALIFIED_NAME 1:14"]],
    ["bundle agent body {}", ["POLICY_RESERVED_WORD 1:14"]],
    ["bundle agent m(a b) {}", ["POLICY_MISSING_COMMA 1:17"]],
    ["bundle agent m(,a) {}", ["POLICY_BAD_PARAMETER 1:16"]],
    ['bundle agent m("a") {}', ["POLICY_BAD_PARAMETER 1:16"]],
    ["bundle agent m(a {}", ["POLICY_BAD_PARAMETER 1:18"]],
    ['body file control { namespace => ""; }', ["POLICY_BAD_NAMESPACE 1:34"]],
    ['body file control { namespace => "a-b"; }', ["POLICY_BAD_NAMESPACE 1:34"]],
    ["bundle agent m {}\nbundle agent m {}", ["POLICY_DUPLICATE_DEFINITION 2:14"]],
  ])("%j is told %j", (text, expected) => {
    expect(findingsOf(text)).toEqual(expected);
  });
});

describe("inside a body", () => {
  it.each([
    ['ifelapsed => "1"', ["POLICY_MISSING_SEMICOLON 1:32"]],
    ['ifelapsed => "1", expireafter => "2";', ["POLICY_COMMA_IN_BODY 1:32"]],
    ['ifelapsed => "1" expireafter => "2";', ["POLICY_MISSING_SEMICOLON 1:32"]],
    ['ifelapsed => "1"; ifelapsed => "2";', ["POLICY_DUPLICATE_ATTRIBUTE 1:34"]],
    ['linux:: ifelapsed => "1"; debian:: ifelapsed => "2";', []],
    ['linux:: ifelapsed => "1"; linux:: ifelapsed => "2";', ["POLICY_DUPLICATE_ATTRIBUTE 1:50"]],
    ['"linux":: ifelapsed => "1";', ["POLICY_QUOTED_GUARD_IN_BODY 1:16"]],
    ['vars: ifelapsed => "1";', ["POLICY_HEADING_IN_BODY 1:16"]],
    ['"x" ifelapsed => "1";', ["POLICY_UNEXPECTED 1:16"]],
    ["ifelapsed => 5 min;", ["POLICY_UNEXPECTED 1:31"]],
    ["/* a */ ifelapsed => 5;", ["POLICY_FOREIGN_COMMENT 1:16"]],
    ["ifelapsed;", ["POLICY_MISSING_VALUE 1:25"]],
    [";", ["POLICY_EXTRA_SEMICOLON 1:16"]],
  ])("%j is told %j", (text, expected) => {
    expect(findingsOf(`body action a {${text}}`)).toEqual(expected);
  });
});
