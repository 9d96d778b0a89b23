import { describe, expect, it } from "vitest";
import { checkFiles } from "../src/syntax/check-files.ts";
import { parsePolicy } from "../src/syntax/parse-policy.ts";
import { diagnose, findingsOf, inBundle } from "./support.ts";

/** `CODE line:column` and the hint. */
function hintsOf(text: string): readonly string[] {
  return diagnose(text).diagnostics.map(({ code, position, hint }) =>
    `${code} ${position.line}:${position.column} ${hint ?? ""}`.trimEnd(),
  );
}

describe("names", () => {
  it.each([
    ['guest_environment:\n "x";', ["POLICY_UNKNOWN_PROMISE_TYPE 4:1 guest_environments"]],
    ['guest-environments:\n "x";', ["POLICY_BAD_PROMISE_TYPE 4:1 guest_environments:"]],
    ['report:\n "x";', ["POLICY_UNKNOWN_PROMISE_TYPE 4:1 reports"]],
    ['Vars:\n "x" string => "y";', ["POLICY_UNKNOWN_PROMISE_TYPE 4:1 vars"]],
    ['zzz:\n "x";', ["POLICY_UNKNOWN_PROMISE_TYPE 4:1"]],
    ['access:\n "x" admit => { "y" };', ["POLICY_MISPLACED_PROMISE_TYPE 4:1"]],
    ['guest_environments:\n "x" enviroment_state => "create";', ["POLICY_UNKNOWN_ATTRIBUTE 5:6 environment_state"]],
    ['reports:\n "x" coment => "y";', ["POLICY_UNKNOWN_ATTRIBUTE 5:6 comment"]],
    ['files:\n "/x" creat => "true";', ["POLICY_UNKNOWN_ATTRIBUTE 5:7 create"]],
    ['reports:\n "x" nope => "y";', ["POLICY_UNKNOWN_ATTRIBUTE 5:6"]],
    ['reports:\n "x" action => warn;', ["POLICY_UNDEFINED_BODY 5:16"]],
    ['guest_environments:\n "x" environment_resources => small;', ["POLICY_UNDEFINED_BODY 5:31"]],
    ['methods:\n "x" usebundle => n;', ["POLICY_UNDEFINED_BUNDLE 5:19 m"]],
    ['methods:\n "x" usebundle => m;', []],
    ['methods:\n "x" usebundle => default:m;', []],
    ['methods:\n "x" usebundle => "$(any)";', []],
    ['methods:\n "x" usebundle => m("a");', ["POLICY_WRONG_ARGUMENT_COUNT 5:19"]],
    ['commands:\n "/bin/true" inform => "false"; packages:\n "x" policy => "present"; services: "y";', []],
  ])("%j is told %j", (text, expected) => {
    expect(hintsOf(inBundle(text))).toEqual(expected);
  });

  it.each([
    ["body acton a {}", ["POLICY_UNKNOWN_BODY_TYPE 1:6 action"]],
    ["body comon control {}", ["POLICY_UNKNOWN_BODY_TYPE 1:6 common"]],
    ['body action a { ifelapsd => "1"; }', ["POLICY_UNKNOWN_ATTRIBUTE 1:17 ifelapsed"]],
    ['body common control { bundlesequnce => { "m" }; }', ["POLICY_UNKNOWN_ATTRIBUTE 1:23 bundlesequence"]],
    ['body common control { host_licenses_paid => "2"; }', ["POLICY_REMOVED_ATTRIBUTE 1:23"]],
    ['body environment_resources r { env_spec_file => "/x"; }', []],
    ["body action a { inherit_from => b; }", ["POLICY_UNDEFINED_BODY 1:33 a"]],
    ["body action a { inherit_from => b; }\nbody action b {}", []],
    ["body action a { inherit_from => b; }\nbody action b(x) {}", ["POLICY_WRONG_ARGUMENT_COUNT 1:33"]],
    ["bundle agent m {}\nbundle common m {}", []],
    ['bundle agent m {}\nbody file control { namespace => "n"; }\nbundle agent m {}', []],
    ["body file control {}\nbody file control {}", []],
    ["body common control {}\nbody common control {}", ["POLICY_DUPLICATE_DEFINITION 2:13"]],
    ["body action a {}\nbody action a {}", ["POLICY_DUPLICATE_DEFINITION 2:13"]],
    ["promise agnt git {}", ["POLICY_UNKNOWN_BUNDLE_TYPE 1:9"]],
    ["promise agent files {}", ["POLICY_BUILT_IN_PROMISE_TYPE 1:15"]],
    ['promise agent git { pth => "/x"; }', ["POLICY_UNKNOWN_ATTRIBUTE 1:21 path"]],
    [
      'promise agent git {}\nbundle agent m { git: "x" anything => "y"; gti: "x"; }',
      ["POLICY_UNKNOWN_PROMISE_TYPE 2:44 git"],
    ],
    ["bundle comon m {}", ["POLICY_UNKNOWN_BUNDLE_TYPE 1:8 common"]],
  ])("%j is told %j", (text, expected) => {
    expect(hintsOf(text)).toEqual(expected);
  });

  it("in another namespace are proposed with it", () => {
    const text =
      'body action a {}\nbody file control { namespace => "n"; }\nbundle agent m { reports: "x" action => a; }';
    expect(hintsOf(text)).toEqual(["POLICY_UNDEFINED_BODY 3:41 default:a"]);
    expect(hintsOf(text.replace("=> a;", "=> default:a;"))).toEqual([]);
  });

  it("of other files count", () => {
    const main = parsePolicy(
      'bundle agent m { git: "x"; reports: "z" action => a; methods: "y" usebundle => other("1"); }',
      "main.cf",
    ).ast;
    const library = parsePolicy("promise agent git {}\nbody action a {}\nbundle agent other(x) {}", "lib.cf").ast;
    expect(checkFiles([main, library])).toEqual([]);
    expect(checkFiles([main]).map((diagnostic) => diagnostic.code)).toEqual([
      "POLICY_UNKNOWN_PROMISE_TYPE",
      "POLICY_UNDEFINED_BODY",
      "POLICY_UNDEFINED_BUNDLE",
    ]);
  });

  it("may be __main__ once in every file", () => {
    const [first, second] = ["a.cf", "b.cf"].map((file) => parsePolicy("bundle agent __main__ {}", file).ast);
    if (first === undefined || second === undefined) throw new Error("no tree");
    expect(checkFiles([first, second])).toEqual([]);
    expect(findingsOf("bundle agent __main__ {}\nbundle agent __main__ {}")).toEqual([
      "POLICY_DUPLICATE_DEFINITION 2:14",
    ]);
  });
});

describe("right sides", () => {
  it.each([
    ['vars:\n "x" slist => "y";', ['POLICY_WRONG_SHAPE 5:15 { "y" }']],
    ['vars:\n "x" slist => @(y);', ["POLICY_WRONG_SHAPE 5:15 { @(y) }"]],
    ['vars:\n "x" slist => f("y");', []],
    ['vars:\n "x" string => { "y" };', ['POLICY_WRONG_SHAPE 5:16 "y"']],
    ['vars:\n "x" string => { "y", "z" };', ["POLICY_WRONG_SHAPE 5:16"]],
    ['classes:\n "x" and => "y";', ['POLICY_WRONG_SHAPE 5:13 { "y" }']],
    ['reports:\n "x" action => "warn";', ["POLICY_WRONG_SHAPE 5:16 warn"]],
    ['reports:\n "x" action => { warn };', ["POLICY_WRONG_SHAPE 5:16"]],
    ['methods:\n "x" usebundle => { m };', ["POLICY_WRONG_SHAPE 5:19 m"]],
    ['reports:\n "x" meta => "y", depends_on => "z", comment => y;', []],
  ])("%j is told %j", (text, expected) => {
    expect(hintsOf(inBundle(text))).toEqual(expected);
  });
});

describe("a policy with thousands of wrong names", () => {
  it("is told a few hundred of them, at once", () => {
    const promises = Array.from({ length: 5000 }, (_, index) => ` "x${index}" usebundle => bundle_${index}_x;`).join(
      "\n",
    );
    const bundles = Array.from({ length: 5000 }, (_, index) => `bundle agent bundle_${index} {}`).join("\n");
    const { length } = findingsOf(`${bundles}\nbundle agent all {\nmethods:\n${promises}\n}`);
    expect(length).toBe(200);
  });
});
