/** Between bundles and files: methods, the bundle sequence, inputs, namespaces, and promise types that are none of ours. */
import { describe, expect, test } from "vitest";
import { brief, errorCodes, evaluate, reportsOf } from "./evaluation-support.ts";

describe("methods", () => {
  test("pass texts, lists and containers, quoted or not", () => {
    const text = `vars: "l" slist => { "a", "b" }; "d" data => '{ "n": 5 }'; "s" string => "S";
      methods: "1" usebundle => t("$(l)", $(s)); "2" usebundle => u(@(l)); "3" usebundle => u("@(l)");
        "4" usebundle => v(@(d)); "5" usebundle => w(concat("x", "y"));`;
    const bundles = `bundle agent t(x, y) { reports: "t $(x) $(y)"; } bundle agent u(x) { reports: "u $(x)"; }
      bundle agent v(x) { reports: "v $(x[n])"; } bundle agent w(x) { reports: "w $(x)"; }`;
    expect(reportsOf(text, bundles)).toEqual(["t a S", "t b S", "u a", "u b", "v 5", "w xy"]);
  });

  test("run a bundle by its bare name, by a text, by the promiser, and once for the same arguments", () => {
    const text =
      'vars: "n" slist => { "1", "2" }; methods: "x" usebundle => s1; "y" usebundle => "s$(n)"; "s1"; "x" usebundle => s1;';
    const bundles = 'bundle agent s1 { reports: "s1 $(this.bundle)"; } bundle agent s2 { reports: "s2"; }';
    expect(reportsOf(text, bundles)).toEqual(["s1 s1", "s2"]);
  });

  test("hand results back to the caller", () => {
    const text = 'methods: "x" usebundle => s, useresult => "r"; reports: "$(r[1])";';
    expect(reportsOf(text, 'bundle agent s { reports: "back" bundle_return_value_index => "1"; }')).toEqual(["back"]);
  });

  test("that name a bundle nobody defined are an error with the nearest name", () => {
    const text =
      'bundle agent main { vars: "n" string => "subb"; methods: "x" usebundle => "$(n)"; } bundle agent sub { reports: "s"; }';
    const { diagnostics } = evaluate(text);
    expect(diagnostics).toMatchObject([{ severity: "error", code: "POLICY_UNDEFINED_BUNDLE", hint: "sub" }]);
  });

  test("that call each other for ever end in an error", () => {
    const text =
      'bundle agent main { methods: "x" usebundle => a("1"); } bundle agent a(x) { methods: "x" usebundle => a("$(x)1"); }';
    expect(errorCodes(evaluate(text))).toEqual(["POLICY_BUNDLES_TOO_DEEP"]);
  });
});

describe("which bundles run", () => {
  const bundles = 'bundle agent a { reports: "a"; } bundle agent b(x) { reports: "b $(x)"; }';

  test("the bundlesequence says, with arguments", () => {
    const control = 'body common control { bundlesequence => { "a", b("1") }; }';
    expect(evaluate(`${control} ${bundles}`).reports).toEqual(["a", "b 1"]);
  });

  test("guards in body common control count", () => {
    const control =
      'body common control { linux:: bundlesequence => { "a" }; windows:: bundlesequence => { b("1") }; }';
    expect(evaluate(`${control} ${bundles}`).reports).toEqual(["a"]);
  });

  test("main does where nothing else is said, and __main__ is main in the file that was named", () => {
    expect(evaluate('bundle agent main { reports: "m"; }').reports).toEqual(["m"]);
    expect(evaluate('bundle agent __main__ { reports: "$(this.bundle)"; }').reports).toEqual(["main"]);
  });

  test("the caller may say otherwise", () => {
    expect(evaluate(`${bundles}`, {}, { options: { bundleSequence: ["a"] } }).reports).toEqual(["a"]);
  });

  test.each([
    ['body common control { bundlesequence => { "nosuch" }; }', "POLICY_UNDEFINED_BUNDLE"],
    ['body common control { bundlesequence => { "b" }; }', "POLICY_WRONG_ARGUMENT_COUNT"],
    ["", "POLICY_NO_BUNDLESEQUENCE"],
  ])("%j is an error", (control, code) => {
    expect(errorCodes(evaluate(`${control} ${bundles}`))).toContain(code);
  });
});

describe("inputs", () => {
  const entry = (inputs: string) =>
    `body common control { inputs => { ${inputs} }; } bundle agent main { reports: "$(lib.v)"; methods: "x" usebundle => from_lib; }`;
  const lib =
    'bundle common lib { vars: "v" string => "V"; } bundle agent from_lib { reports: "lib $(this.promise_filename)"; } bundle agent __main__ { reports: "not me"; }';

  test("are found beside the file that names them, and theirs beside them", () => {
    const files = {
      "/policy/lib/a.cf":
        'body file control { inputs => { "b.cf" }; } bundle common unused { vars: "u" string => "u"; }',
      "/policy/lib/b.cf": lib,
    };
    const { reports, sources } = evaluate(entry('"lib/a.cf"'), files);
    expect(reports).toEqual(["lib /policy/lib/b.cf", "V"]);
    expect([...sources.keys()]).toEqual(["/policy/p.cf", "/policy/lib/a.cf", "/policy/lib/b.cf"]);
  });

  test("may be named by variables and lists of the files read so far", () => {
    const files = {
      "/policy/c.cf": 'bundle common c { vars: "files" slist => { "$(sys.policy_entry_dirname)/lib.cf" }; }',
      "/policy/lib.cf": lib,
    };
    expect(evaluate(entry('"c.cf", @(c.files)'), files).reports).toEqual(["lib /policy/lib.cf", "V"]);
  });

  test("are read once, also in a circle", () => {
    const files = { "/policy/lib.cf": `body file control { inputs => { "p.cf", "./lib.cf" }; } ${lib}` };
    expect(evaluate(entry('"lib.cf", "/policy/lib.cf"'), files).diagnostics).toEqual([]);
  });

  test("that cannot be read are an error at their name", () => {
    expect(brief(evaluate(entry('"nosuch.cf"'), { "/policy/x": "" }).diagnostics)).toContain(
      "error POLICY_INPUT_UNREADABLE 1:35",
    );
  });
});

describe("namespaces", () => {
  const text = `body file control { namespace => "ns"; }
    bundle agent b(p) { vars: "v" string => "V"; classes: "c" expression => "any", scope => "namespace";
      reports: "$(p) $(v) $(b.v) $(ns:b.v) $(sys.os) $(default:main.l) $(main.l) $(this.namespace)";
        soft:: "soft"; default:soft:: "default:soft"; linux:: "linux"; }
    body environment_resources r { env_cpus => "3"; }
    body file control { namespace => "default"; }
    bundle agent main { vars: "l" string => "L"; classes: "soft" expression => "any", scope => "namespace";
      methods: "x" usebundle => ns:b("1");
      guest_environments: "g" environment_host => "any", environment_resources => ns:r;
      reports: ns:c:: "ns:c"; c:: "c"; }`;

  test("keep names apart, and a qualified name reaches across", () => {
    const { reports, promises } = evaluate(text);
    expect(reports).toEqual(["default:soft", "linux", "1 V V V linux L $(main.l) ns", "ns:c"]);
    expect(promises).toMatchObject([{ name: "g", resources: { cpus: 3 }, bundle: "main" }]);
  });
});

describe("other promise types", () => {
  test("are listed once each, at info level, and the rest of the policy counts", () => {
    const text =
      'bundle agent main { files: "/a" create => "true"; "/b" create => "true"; commands: "/bin/true"; reports: "r"; }';
    const evaluation = evaluate(text);
    expect(evaluation.notHandled).toMatchObject([
      { type: "files", count: 2 },
      { type: "commands", count: 1 },
    ]);
    expect(brief(evaluation.diagnostics)).toEqual(["info POLICY_NOT_HANDLED 1:28", "info POLICY_NOT_HANDLED 1:84"]);
    expect(evaluation.reports).toEqual(["r"]);
  });

  test("and what a report should do beside printing is said once, too", () => {
    const text = `bundle agent main { reports: "r" report_to_file => "/f", showstate => { "s" }; "q" report_to_file => "/g"; }`;
    const evaluation = evaluate(text);
    expect(brief(evaluation.diagnostics)).toEqual(["info POLICY_NOT_HANDLED 1:34", "info POLICY_NOT_HANDLED 1:58"]);
    expect(evaluation.reports).toEqual(["r", "q"]);
  });
});
