import { describe, expect, test } from "vitest";
import { errorCodes, evaluate, worldOf } from "./evaluation-support.ts";

/** Results below were observed with cf-agent 3.21.0 on the same calls, unless a row says otherwise. */
const given = `
  "l" slist => { "a", "b", "c" };  "twice" slist => { "a", "b", "c", "a" };  "none" slist => { };
  "n" ilist => { "3", "1", "10" };
  "d" data => '{ "a": 1, "b": [1, 2, "x"], "c": { "d": "e" }, "t": true, "n": null, "r": 1.50 }';
  "arr[x]" string => "vx";  "arr[y]" string => "vy";`;

const files = { "/f/t.txt": "l1\nl2\n\nl4\n", "/f/d.json": '{"k":["x","y"]}', "/f/bad.json": "{" };

/** The value of `x`, printed, when it is promised as `type => call`. */
function resultOf(type: string, call: string): string | undefined {
  const text = `bundle agent main { vars: ${given} "x" ${type} => ${call}; }`;
  return evaluate(text, files).variables.get("default:main.x");
}

describe("functions that give a text", () => {
  test.each([
    ['canonify("a-b.c d")', "a_b_c_d"],
    ['concat("a", "b", "c")', "abc"],
    ['readfile("/f/t.txt", 0)', "l1\nl2\n\nl4\n"],
    ['readfile("/f/t.txt", 4)', "l1\nl"],
    ['readfile("/f/none", 0)', undefined],
    [
      'format("%d %s %05d %x %f %.2f %-5s| %%", "12", "str", "7", "255", "1.5", "2.345", "ab")',
      "12 str 00007 ff 1.500000 2.35 ab   | %",
    ],
    ['format("%S", d)', '{"a":1,"b":[1,2,"x"],"c":{"d":"e"},"n":null,"r":1.50,"t":true}'],
    ['format("%S|%S", l, none)', '{ "a", "b", "c" }|{  }'],
    ['format("%d %s", "abc", "x")', "0 x"],
    ['format("%s %s", "x")', undefined],
    ['format("%s", "x", "y")', "x"],
    ['format("%o %c", "8", "a")', "10 (unhandled format)"],
    ['format("%+d|%-8d|%3s|%.2s|%10.3f", "4", "5", "x", "abcd", "2.5")', "+4|5       |  x|ab|     2.500"],
    ['join(",", l)', "a,b,c"],
    ['join(",", "l")', "a,b,c"],
    ['join(",", @(l))', "a,b,c"],
    ['join(",", "@(l)")', "a,b,c"],
    ['join(",", "@(nosuch)")', undefined],
    ['concat("x-", "@(l)")', "x-@(l)"],
    ['join("-", d)', "1-true-1.50"],
    [`join("-", '["x","y"]')`, "x-y"],
    ['ifelse("nosuch", "A", "linux", "B", "C")', "B"],
    ['ifelse("nosuch", "A", "C")', "C"],
    ['ifelse(isvariable("l"), "A", "C")', "A"],
    ['ifelse(isvariable("nosuch"), "$(nosuch)", "default")', "default"],
    ["nth(l, 1)", "b"],
    ['nth("l", 0)', "a"],
    ["nth(l, 5)", undefined],
    ['nth(l, "-1")', "c"],
    ['nth(d, "a")', "1"],
    ['string_upcase("aB")', "AB"],
    ['string_downcase("AB")', "ab"],
    ['string_head("abcdef", 3)', "abc"],
    ['string_tail("abcdef", 3)', "def"],
    ['string_reverse("abc")', "cba"],
    ['string_replace("abcabc", "b", "X")', "aXcaXc"],
    ['string_trim("  a b ")', "a b"],
    ['regex_replace("abcabc", "b(.)", "<$1>", "g")', "a<c>a<c>"],
    ['regex_replace("abcabc", "b(.)", "<\\1>", "")', "a<c>abc"],
    ['lastnode("/a/b/c", "/")', "c"],
    ['dirname("/a/b/c")', "/a/b"],
    ['escape("a.b*")', "a\\.b\\*"],
    ['type("l")', "slist"],
    ['type("l", "true")', "policy slist"],
    ['max(n, "int")', "10"],
    ['min(n, "int")', "1"],
    ['and("linux", "any")', "any"],
    ['and("linux", "nosuch")', "!any"],
    ['concat("x", join(",", l), "y")', "xa,b,cy"],
    ["nth(getindices(d), 0)", "a"],
    ['concat("$(nosuch)", "x")', undefined],
  ])("%s is %j", (call, expected) => {
    expect(resultOf("string", call)).toBe(expected);
  });
});

describe("functions that give a list", () => {
  test.each([
    ['expandrange("host[1-3]", 1)', ["host1", "host2", "host3"]],
    ['expandrange("host[1-10]x", "4")', ["host1x", "host5x", "host9x"]],
    ['expandrange("h[1-2]-[3-4]", "1")', ["h1-[3-4]", "h2-[3-4]"]],
    ['expandrange("h[5-2]", 1)', ["h5", "h4", "h3", "h2"]],
    ['expandrange("h[1-3]", 2)', ["h1", "h3"]],
    ['getindices("arr")', ["x", "y"]],
    ["getindices(d)", ["a", "b", "c", "t", "n", "r"]],
    ['getindices("d[c]")', ["d"]],
    ['getindices("l")', []],
    ['getindices("nosuch")', []],
    ["getvalues(d)", ["1", "1", "2", "x", "e", "true", "1.50"]],
    ['maplist("x-$(this)-y", l)', ["x-a-y", "x-b-y", "x-c-y"]],
    ['maplist(canonify("$(this)-"), l)', ["a_", "b_", "c_"]],
    ['maplist("$(this) $(nosuch)", l)', ["a $(nosuch)", "b $(nosuch)", "c $(nosuch)"]],
    ['filter("a|b", l, "true", "false", 10)', ["a", "b"]],
    ['filter("a", l, "false", "true", 10)', ["b", "c"]],
    ['filter("[ab]", "l", "true", "false", 1)', ["a"]],
    ['splitstring("a:b:c", ":", 10)', ["a", "b", "c"]],
    ['splitstring("a:b:c", ":", 2)', ["a", "b"]],
    ['splitstring("a,b,,c,", ",", 10)', ["a", "b", "", "c", ""]],
    ['splitstring("", ":", 10)', []],
    ['splitstring("a1b22c", "[0-9]+", "10")', ["a", "b", "c"]],
    ['string_split("a:b:c", ":", 2)', ["a", "b:c"]],
    ['sort(twice, "lex")', ["a", "a", "b", "c"]],
    ['sort(n, "int")', ["1", "3", "10"]],
    ["reverse(twice)", ["a", "c", "b", "a"]],
    ["unique(twice)", ["a", "b", "c"]],
    ["intersection(l, n)", []],
    ["difference(twice, n)", ["a", "b", "c"]],
    ['grep("a", twice)', ["a", "a"]],
    ['sublist(twice, "head", 2)', ["a", "b"]],
    ['classesmatching("linu.")', ["linux"]],
    ['readstringlist("/f/t.txt", "#.*", "\n", 10, 100)', ["l1", "l2", "l4"]],
  ])("%s is %j", (call, expected) => {
    expect(resultOf("slist", call)).toBe(`{${expected.map((item) => JSON.stringify(item)).join(",")}}`);
  });
});

describe("functions that give a number or a container", () => {
  test.each([
    ["int", "length(l)", "3"],
    ["int", 'length("l")', "3"],
    ["int", "length(d)", "6"],
    ["int", 'length("nosuch")', undefined],
    ["int", 'int("5.7")', "5"],
    ["int", 'int("2k")', "2000"],
    ["int", 'string_length("abc")', "3"],
    ["real", "sum(n)", "14.000000"],
    ["real", "product(n)", "30.000000"],
    ["data", 'readjson("/f/d.json", 10000)', '{"k":["x","y"]}'],
    ["data", 'readjson("/f/none", 10000)', undefined],
    ["data", `mergedata(d, '{"new":1}')`, '{"a":1,"b":[1,2,"x"],"c":{"d":"e"},"n":null,"new":1,"r":1.50,"t":true}'],
    ["data", `data_expand('{"a":"$(sys.os)"}')`, '{"a":"linux"}'],
    ["data", 'variablesmatching_as_data("default:main.arr\\[x\\]")', '{"default:main.arr[x]":"vx"}'],
  ])("as %s, %s is %j", (type, call, expected) => {
    expect(resultOf(type, call)).toBe(expected);
  });
});

describe("functions that answer a question", () => {
  test.each([
    ['regcmp("b", "abc")', false],
    ['regcmp(".b.", "abc")', true],
    ['regcmp("A", "a")', false],
    ['regcmp("(?i)A", "a")', true],
    ['regcmp("a.b", "a$(const.n)b")', true],
    ['regcmp("a|ab", "ab")', false],
    ['strcmp("a", "a")', true],
    ['not("nosuch")', true],
    ['or("nosuch", "linux")', true],
    ['and("linux", fileexists("/f/t.txt"))', true],
    ['classmatch("linu.")', true],
    ['classmatch("lin")', false],
    ['iprange("10.1.0.0/16")', true],
    ['iprange("10.1.2.1-10")', true],
    ['iprange("10.1.2")', true],
    ['iprange("10.1.2.0/24", "lo")', false],
    ['iprange("172.16.0.0/12")', false],
    ['iprange("fd00:aa::/32")', true],
    ['isipinsubnet("192.0.2.0/24", "192.0.2.9")', true],
    ['isgreaterthan("10", "9")', true],
    ['isgreaterthan("b", "a")', true],
    ['islessthan("10", "9")', false],
    ['isvariable("sys.host")', true],
    ['isvariable("arr[x]")', true],
    ['isvariable("nosuch")', false],
    ['isdir("/f")', true],
    ['isplain("/f/t.txt")', true],
    ['fileexists("/f/none")', false],
    ['regline("l1", "/f/t.txt")', true],
    ['some("a", l)', true],
    ['every("[abc]", l)', true],
    ['none("z", "l")', true],
    ['reglist(@(l), "a")', true],
    ['hostinnetgroup("staff")', false],
    ['hostrange("kvm-", "1-10")', true],
    ['classify("li-nux")', false],
  ])("%s answers %s", (call, expected) => {
    const text = `bundle agent main { vars: ${given} classes: "yes" expression => ${call}; reports: yes:: "yes"; }`;
    expect(evaluate(text, files).reports).toEqual(expected ? ["yes"] : []);
  });

  test("hostinnetgroup asks the caller, with the host's full name", () => {
    const world = worldOf(
      {},
      { hostInNetgroup: (host, group) => host === "kvm-01.dc1.example.com" && group === "staff" },
    );
    const text = 'bundle agent main { reports: "in" if => hostinnetgroup("staff"); }';
    expect(evaluate(text, {}, { world }).reports).toEqual(["in"]);
  });
});

describe("a wrong call", () => {
  test.each([
    ['canonify("a", "b")', "POLICY_ARGUMENT_COUNT"],
    ["nth(l)", "POLICY_ARGUMENT_COUNT"],
    ['ifelse("linux", "a")', "POLICY_ARGUMENT_COUNT"],
    ['canonfy("a")', "POLICY_UNKNOWN_FUNCTION"],
    ['filter("a", l, "perhaps", "false", 10)', "POLICY_ARGUMENT_TYPE"],
    ['string_head("abc", "many")', "POLICY_ARGUMENT_TYPE"],
    ['readfile("relative", 0)', "POLICY_ARGUMENT_TYPE"],
    ['expandrange("host[3-3]", 1)', "POLICY_INVALID_RANGE"],
    ['expandrange("host[1-3]", 3)', "POLICY_INVALID_RANGE"],
    ['expandrange("host[1-3]", 0)', "POLICY_INVALID_RANGE"],
    ['expandrange("host", 1)', "POLICY_INVALID_RANGE"],
    ['expandrange("host[1-3", 1)', "POLICY_INVALID_RANGE"],
    ['regex_replace("a", "(", "b", "")', "POLICY_INVALID_PATTERN"],
    ['execresult("/bin/true", "someshell")', "POLICY_ARGUMENT_TYPE"],
  ])("%s is the error %s", (call, code) => {
    const text = `bundle agent main { vars: ${given} "x" string => ${call}; }`;
    expect(errorCodes(evaluate(text, files))).toContain(code);
  });

  test("is an error under a guard that does not hold here, too", () => {
    expect(errorCodes(evaluate('bundle agent main { vars: nosuch:: "x" string => canonfy("a"); }'))).toEqual([
      "POLICY_UNKNOWN_FUNCTION",
    ]);
  });

  test("is told the nearest name", () => {
    const { diagnostics } = evaluate('bundle agent main { vars: "x" string => canonfy("a"); }');
    expect(diagnostics).toMatchObject([{ hint: "canonify" }]);
  });

  test("of a function that CFEngine has and this project has not is a warning", () => {
    const { diagnostics } = evaluate('bundle agent main { vars: "x" string => hash("a", "md5"); }');
    expect(diagnostics).toMatchObject([{ severity: "warning", code: "POLICY_FUNCTION_NOT_AVAILABLE" }]);
  });
});

describe("execresult", () => {
  const text = 'bundle agent main { vars: "x" string => execresult("/bin/echo hi", "noshell"); reports: "$(x)"; }';
  const ran: string[] = [];
  const world = worldOf(
    {},
    {
      runCommand: (command, shell) => {
        ran.push(`${shell}: ${command}`);
        return { ok: true, output: "hi\n" };
      },
    },
  );

  test("runs nothing unless it was allowed, and says so", () => {
    const { diagnostics, reports } = evaluate(text, {}, { world });
    expect(ran).toEqual([]);
    expect(reports).toEqual(["$(x)"]);
    expect(diagnostics).toMatchObject([{ severity: "warning", code: "POLICY_COMMANDS_NOT_ALLOWED" }]);
  });

  test("gives the command's output without its last line break where it was allowed", () => {
    const { reports } = evaluate(text, {}, { world, options: { allowCommands: true } });
    expect(reports).toEqual(["hi"]);
    expect(new Set(ran)).toEqual(new Set(["noshell: /bin/echo hi"]));
  });
});
