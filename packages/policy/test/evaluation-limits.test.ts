import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errorCodes, evaluate } from "./evaluation-support.ts";

const main = (promises: string, more = "") => `bundle agent main { ${promises} } ${more}`;
const times = (count: number, each: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => each(index)).join(" ");
const tenLists = `vars: ${times(10, (i) => `"l${i}" slist => { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };`)}`;

describe("a policy that asks for too much ends in an error, within seconds", () => {
  test.each<[string, string, string]>([
    [
      "ten billion iterations",
      main(`${tenLists} reports: "${times(10, (i) => `$(l${i})`)}";`),
      "POLICY_TOO_MANY_ITERATIONS",
    ],
    [
      "iterations through names that are put together",
      main(
        `${tenLists} "n" slist => { "l0", "l1" }; reports: "${times(5, () => "$($(n))")} $(l2)$(l3)$(l4)$(l5)$(l6)";`,
      ),
      "POLICY_TOO_MANY_ITERATIONS",
    ],
    ["a list made of itself", main('vars: "a" slist => { @(a), "x" };'), "POLICY_VARIABLE_CIRCLE"],
    [
      "a long circle of variables",
      main(`vars: ${times(5000, (i) => `"v${i}" string => "$(v${(i + 1) % 5000})";`)}`),
      "POLICY_VARIABLE_CIRCLE",
    ],
    [
      "texts that double sixty times",
      main(
        `vars: "v0" string => "xxxxxxxx"; ${times(60, (i) => `"v${i + 1}" string => "$(v${i})$(v${i})";`)} reports: "$(v60)";`,
      ),
      "POLICY_TEXT_TOO_LONG",
    ],
    [
      "lists that double sixty times",
      main(`vars: "v0" slist => { "x", "y" }; ${times(60, (i) => `"v${i + 1}" slist => { @(v${i}), @(v${i}) };`)}`),
      "POLICY_LIST_TOO_LONG",
    ],
    [
      "a range of a billion names",
      main('vars: "r" slist => expandrange("h[1-1000000000]", 1);'),
      "POLICY_INVALID_RANGE",
    ],
    [
      "calls within calls",
      main(`vars: "c" string => ${"concat(".repeat(40)}"x"${")".repeat(40)};`),
      "POLICY_CALLS_TOO_DEEP",
    ],
    [
      "bundles that call each other",
      main(
        'methods: "x" usebundle => a("1");',
        'bundle agent a(x) { methods: "x" usebundle => b("$(x)1"); "y" usebundle => b("$(x)2"); } bundle agent b(x) { methods: "x" usebundle => a("$(x)1"); "y" usebundle => a("$(x)2"); }',
      ),
      "POLICY_BUNDLES_TOO_DEEP",
    ],
    [
      "bodies that inherit from each other",
      main(
        'guest_environments: "g" environment_host => "any", environment_resources => a;',
        "body environment_resources a { inherit_from => b; } body environment_resources b { inherit_from => a; }",
      ),
      "POLICY_INHERITANCE_TOO_DEEP",
    ],
    [
      "a pattern that takes exponential time",
      main(`classes: "a" expression => regcmp("(a+)+$", "${"a".repeat(40)}b");`),
      "POLICY_PATTERN_TOO_COSTLY",
    ],
    [
      "a map of a list for each of its items",
      main('vars: "l" slist => expandrange("x[1-90000]", 1); "m_$(l)" slist => maplist("$(this)", l);'),
      "POLICY_EVALUATION_TOO_LONG",
    ],
  ])("%s", (_, text, code) => {
    expect(errorCodes(evaluate(text))).toContain(code);
  });

  test("a circle of variables through bundles", () => {
    const other = 'bundle agent o { vars: "b" string => "$(main.a)y"; }';
    const evaluation = evaluate(main('vars: "a" string => "$(o.b)x"; reports: "$(a)";', other));
    expect(errorCodes(evaluation)).toContain("POLICY_EXPANSION_TOO_DEEP");
  });

  test("inputs that name ever new inputs", () => {
    const world = {
      readFile: (path: string) => ({
        ok: true as const,
        text: `body file control { inputs => { "${path.replace(/^\/policy\//, "").replace(".cf", "x.cf")}" }; }`,
      }),
      fileStatus: () => undefined,
    };
    const text = `body common control { inputs => { "a.cf" }; } ${main('reports: "r";')}`;
    expect(errorCodes(evaluate(text, {}, { world }))).toContain("POLICY_INPUT_UNREADABLE");
  });
});

describe("a large fleet", () => {
  const xml = `body environment_resources r(n) { env_spec => "<domain type='test'><name>$(n)</name></domain>"; }`;
  const attributes =
    'environment_host => "linux", environment_type => "test", environment_resources => r("$(this.promiser)")';

  test.each([
    [
      "by iteration",
      (n: number) =>
        main(`vars: "g" slist => expandrange("g[1-${n}]", 1); guest_environments: "$(g)" ${attributes};`, xml),
    ],
    [
      "one promise each",
      (n: number) => main(`guest_environments: ${times(n, (i) => `"g${i + 1}" ${attributes};`)}`, xml),
    ],
    [
      "by a bundle for each",
      (n: number) =>
        main(
          `vars: "g" slist => expandrange("g[1-${n}]", 1); methods: "m" usebundle => one("$(g)");`,
          `bundle agent one(n) { guest_environments: "$(n)" ${attributes}; } ${xml}`,
        ),
    ],
  ])("of 10,000 guests, %s, is evaluated whole", (_, policy) => {
    const { promises, diagnostics } = evaluate(policy(10_000));
    expect(diagnostics).toEqual([]);
    expect(promises).toHaveLength(10_000);
    expect(promises[9_999]).toMatchObject({
      name: "g10000",
      resources: { spec: { xml: "<domain type='test'><name>g10000</name></domain>" } },
    });
  });
});

describe("evaluation never throws", () => {
  const words = [
    "$(l)",
    "@(l)",
    "$(d[$(l)])",
    "$($(l))",
    "$(a[x])",
    "$(",
    ["$", "{l}"].join(""),
    "@{",
    "linux",
    "any",
    "!",
    ".",
    "x",
    "/",
    "<x/>",
    "1",
    "2k",
    "inf",
    "[1-3]",
    "(a+)+",
    "[",
    "\\\\",
  ];
  const text = fc.array(fc.constantFrom(...words), { maxLength: 4 }).map((parts) => `"${parts.join("")}"`);
  const functions = [
    "concat",
    "join",
    "nth",
    "maplist",
    "filter",
    "splitstring",
    "format",
    "ifelse",
    "and",
    "not",
    "regcmp",
    "expandrange",
    "parsejson",
    "getindices",
    "mergedata",
    "sort",
    "iprange",
    "nosuch",
    "classmatch",
    "length",
    "data_expand",
  ];
  const { value } = fc.letrec<{ value: string; call: string; list: string }>((tie) => ({
    call: fc
      .tuple(
        fc.constantFrom(...functions),
        fc.array(fc.oneof({ depthSize: "small" }, text, fc.constantFrom("l", "d", "@(l)", "@(d)"), tie("call")), {
          maxLength: 5,
        }),
      )
      .map(([name, args]) => `${name}(${args.join(", ")})`),
    list: fc
      .array(fc.oneof(text, fc.constantFrom("@(l)", "@(nosuch)"), tie("call")), { maxLength: 4 })
      .map((items) => `{ ${items.join(", ")} }`),
    value: fc.oneof({ depthSize: "small" }, text, tie("call"), tie("list")),
  }));
  const attribute = (names: readonly string[]) =>
    fc.tuple(fc.constantFrom(...names), value).map(([name, right]) => `${name} => ${right}`);
  const promise = (names: readonly string[]) =>
    fc
      .tuple(text, fc.array(attribute(names), { maxLength: 3 }))
      .map(([promiser, attributes]) => `${promiser} ${attributes.join(", ")};`);
  const section = fc.oneof(
    promise(["string", "slist", "int", "data", "if", "policy", "meta"]).map((each) => `vars: ${each}`),
    promise(["expression", "and", "or", "xor", "dist", "select_class", "not", "unless", "scope"]).map(
      (each) => `classes: ${each}`,
    ),
    promise(["usebundle", "useresult", "inherit", "ifvarclass"]).map((each) => `methods: ${each}`),
    promise(["depends_on", "handle", "with", "if"]).map((each) => `reports: ${each}`),
    promise([
      "environment_host",
      "environment_state",
      "environment_type",
      "environment_resources",
      "environment_interface",
      "action",
      "classes",
      "comment",
      "depends_on",
    ]).map((each) => `guest_environments: ${each}`),
  );
  const given = `vars: "l" slist => { "a", "k", "main" }; "d" data => '{ "k": [1, { "x": null }], "a": "b" }'; "a[x]" string => "$(l)";`;

  test("whatever stands on the right sides of promises", () => {
    fc.assert(
      fc.property(fc.array(section, { maxLength: 6 }), fc.boolean(), (sections, allowCommands) => {
        const policy = `bundle agent main { ${given} ${sections.join("\n")} } body environment_resources r(x) { env_spec => "$(x)"; }`;
        const evaluation = evaluate(policy, {}, { options: { allowCommands } });
        for (const { position } of evaluation.diagnostics) expect(position.line).toBeGreaterThan(0);
        if (errorCodes(evaluation).length === 0) for (const each of evaluation.promises) expect(each.name).not.toBe("");
      }),
      { numRuns: 400 },
    );
  });

  test("on any bytes at all", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (bytes) => void evaluate(bytes)),
      { numRuns: 300 },
    );
  });
});
