/** Inside a bundle: iteration, variables, classes, reports, and what can never hold. */
import { describe, expect, test } from "vitest";
import { brief, errorCodes, evaluate, reportsOf } from "./evaluation-support.ts";

describe("iteration", () => {
  const lists = 'vars: "l" slist => { "a", "b" }; "m" slist => { "1", "2" }; "e" slist => { };';

  test("runs through every list of a promise, the first one slowest", () => {
    expect(reportsOf(`${lists} reports: "$(l) $(m)";`)).toEqual(["a 1", "a 2", "b 1", "b 2"]);
  });

  test("takes a list that is named twice once", () => {
    expect(reportsOf(`${lists} reports: "$(l) \${l}";`)).toEqual(["a a", "b b"]);
  });

  test("makes no promise of an empty list", () => {
    expect(reportsOf(`${lists} reports: "$(e)"; "and $(e) $(l)";`)).toEqual([]);
  });

  test("leaves the last item in a variable that iterates", () => {
    const vars = 'vars: "v" string => "$(l)-$(m)"; "w" slist => { "x$(l)" };';
    expect(reportsOf(`${lists} ${vars} reports: "$(v)"; "$(w)";`)).toEqual(["b-2", "xb"]);
  });

  test("runs through the scalar members of a container", () => {
    const data = `vars: "d" data => '{ "k": ["x", "y"], "z": { "p": "q", "r": ["s"] } }';`;
    expect(reportsOf(`${data} reports: "k $(d[k])"; "z $(d[z])"; "p $(d[z][p])"; "r $(d[z][r])"; "d $(d)";`)).toEqual([
      "k x",
      "k y",
      "z q",
      "p q",
      "r s",
    ]);
  });

  test("fills holes in names first, so that arrays and containers are walked by key", () => {
    const vars = `vars: "a[x]" string => "AX"; "a[y]" string => "AY"; "k" slist => getindices("a");
      "d" data => '[{ "name": "g1", "mem": 1 }, { "name": "g2", "mem": 2 }]'; "i" slist => getindices(d);`;
    expect(reportsOf(`${vars} reports: "$(k)=$(a[$(k)])"; "$(d[$(i)][name]) has $(d[$(i)][mem])";`)).toEqual([
      "x=AX",
      "y=AY",
      "g1 has 1",
      "g2 has 2",
    ]);
  });

  test("reaches a guard that is quoted, and conditions", () => {
    const classes = 'classes: "on_$(l)" expression => "any"; "has_b" expression => "any", if => strcmp("$(l)", "b");';
    const reports =
      'reports: "on_$(l)":: "guard"; any:: "cond $(l)" if => "on_$(l).has_$(l)"; "not $(l)" unless => "has_$(l)";';
    expect(reportsOf(`${lists} ${classes} ${reports}`)).toEqual(["guard", "guard", "cond b", "not a"]);
  });

  test("reaches the arguments and the texts of bodies", () => {
    const text = `bundle agent main { vars: "l" slist => { "1", "2" };
      guest_environments: "g" environment_host => "any", environment_type => "test", environment_resources => r("$(l)"); }
      body environment_resources r(n) { env_cpus => "$(n)"; }`;
    expect(errorCodes(evaluate(text))).toEqual(["GUEST_CONTRADICTION"]);
  });
});

describe("what is not known", () => {
  test("stays as it is written: $(x) in texts, @(x) as an element", () => {
    const vars = 'vars: "l" slist => { @(nosuch), "$(nosuch)", "z" };';
    expect(reportsOf(`${vars} reports: "t $(nosuch) @(nosuch) $(no.such) $(d[x])"; "$(l)";`)).toEqual([
      "z",
      "t $(nosuch) @(nosuch) $(no.such) $(d[x])",
      "@(nosuch)",
      "$(nosuch)",
    ]);
  });

  test("waits for a later pass", () => {
    const vars = 'vars: "a" string => "$(b)"; "b" string => "$(c)"; "c" string => "C"; "$(c)_v" string => "named";';
    expect(reportsOf(`${vars} reports: "$(a)"; "$(C_v)"; "first";`)).toEqual(["C", "named", "first"]);
  });

  test("makes `if` fail, and makes `unless` hold in the last pass", () => {
    expect(reportsOf('reports: "unless" unless => "$(nosuch)"; "if" if => "$(nosuch)"; "plain";')).toEqual([
      "plain",
      "unless",
    ]);
  });

  test("is not printed where its own name has holes that were filled", () => {
    expect(reportsOf('vars: "s" string => "q"; reports: "$(d[$(s)])"; "$($(s))"; "x";')).toEqual(["x"]);
  });

  test("comes out of $(const.dollar) as text and is expanded where it is used", () => {
    const vars = 'vars: "d" string => "$(const.dollar)(x)"; "x" string => "X";';
    expect(reportsOf(`${vars} reports: "$(d)"; "$(const.dollar)(nosuch)";`)).toEqual(["X", "$(nosuch)"]);
  });
});

describe("variables", () => {
  test("that depend on classes are known to the first report that mentions them", () => {
    const vars = 'vars: "v" string => ifelse("c", "yes", "no"); classes: "c" expression => "any";';
    expect(reportsOf(`${vars} reports: "$(v)";`)).toEqual(["yes"]);
  });

  test.each([
    ['string => "a b"', "a b"],
    ['int => "12"', "12"],
    ['int => "1k"', "1000"],
    ['int => "2K"', "2048"],
    ['real => "1.5"', "1.500000"],
    ['slist => { "a", @(l), "b" }', '{"a","x","y","b"}'],
    ['slist => { "a", "@(l)" }', '{"a","x","y"}'],
    ['slist => { join(",", l), concat("p", "q") }', '{"x,y","pq"}'],
    ['slist => { @(nosuch), "a" }, policy => "ifdefined"', '{"a"}'],
    ['ilist => { "1", "2" }', '{"1","2"}'],
    ['rlist => { "1.5" }', '{"1.5"}'],
    [`data => '{ "b": 1, "a": [true, null] }'`, '{"a":[true,null],"b":1}'],
    ["data => @(l)", '["x","y"]'],
    ['string => "set", if => "linux"', "set"],
    ['string => "set", if => "windows"', undefined],
    ['string => "set", ifvarclass => not("windows")', "set"],
    ['string => "set", unless => "linux"', undefined],
    ['string => "$(with)", with => concat("p", "q")', "pq"],
  ])("promised as %s hold %j", (promise, expected) => {
    const text = `bundle agent main { vars: "l" slist => { "x", "y" }; "v" ${promise}; }`;
    expect(evaluate(text).variables.get("default:main.v")).toBe(expected);
  });

  test("that are no lists add nothing as @(name) in a list, which is warned of, as in CFEngine", () => {
    const text = `bundle agent main { vars: "d" data => '["a"]'; "s" string => "s"; "l" slist => { @(d), "@(s)", getvalues("d"), "r" }; }`;
    const { variables, diagnostics } = evaluate(text);
    expect(variables.get("default:main.l")).toBe('{"a","r"}');
    expect(diagnostics).toMatchObject([
      { severity: "warning", code: "POLICY_NOT_A_LIST", hint: 'getvalues("d")' },
      { severity: "warning", code: "POLICY_NOT_A_LIST", hint: '"$(s)"' },
    ]);
  });

  test("of other bundles are known by the bundle's name, before that bundle has run", () => {
    const other =
      'bundle agent other { vars: "v" string => "V"; "l" slist => { "1", "2" }; } bundle common c { vars: "v" string => "CV"; }';
    expect(reportsOf('reports: "$(other.v) $(c.v) $(default:other.v)"; "$(other.l)";', other)).toEqual([
      "V CV V",
      "1",
      "2",
    ]);
  });

  test("special ones say who and where", () => {
    const text =
      '"$(sys.host) $(sys.fqhost) $(sys.uqhost) $(sys.domain) $(sys.arch) $(sys.os) $(sys.ipv4) $(sys.workdir)";';
    const more =
      '"$(sys.ipv4[eth0]) $(sys.cpus) $(sys.flavor)"; "$(sys.interfaces)"; "$(this.bundle) $(this.promise_filename)";';
    expect(reportsOf(`reports: ${text} ${more}`)).toEqual([
      "KVM-01.dc1.Example.com kvm-01.dc1.example.com kvm-01 dc1.example.com x86_64 linux 10.1.2.3 /var/lib/berth",
      "10.1.2.3 2 debian_12",
      "eth0",
      "virbr0",
      "main /policy/p.cf",
    ]);
  });

  test.each([
    ['"a" string => "$(a)x";', "POLICY_VARIABLE_CIRCLE"],
    ['"a" string => "$(b)"; "b" string => "$(a)";', "POLICY_VARIABLE_CIRCLE"],
    ['"a" slist => { @(b) }; "b" slist => { @(a) };', "POLICY_VARIABLE_CIRCLE"],
    ['"a" int => "x";', "POLICY_TYPE_MISMATCH"],
    ['"a" int => "1.5";', "POLICY_TYPE_MISMATCH"],
    ['"a" real => "1.x";', "POLICY_TYPE_MISMATCH"],
    ['"a" ilist => { "1", "b" };', "POLICY_TYPE_MISMATCH"],
    ['"a" slist => canonify("x");', "POLICY_TYPE_MISMATCH"],
    ['"a" string => splitstring("x", ",", 3);', "POLICY_TYPE_MISMATCH"],
    ['"a" string => "x", int => "1";', "POLICY_TWO_TYPES"],
    [`"a" data => "abc";`, "POLICY_INVALID_JSON"],
    ['"a-b" string => "x";', "POLICY_INVALID_VARIABLE_NAME"],
  ])("promised wrongly, %s, are the error %s", (promise, code) => {
    expect(errorCodes(evaluate(`bundle agent main { vars: ${promise} }`))).toContain(code);
  });
});

describe("classes", () => {
  test.each([
    ['expression => "linux"', true],
    ['expression => "linux.!windows|nosuch"', true],
    ['and => { "linux", "any" }', true],
    ['and => { "linux", "$(nosuch)" }', false],
    ['and => { "linux", not("nosuch"), strcmp("a", "a") }', true],
    ['or => { "nosuch", "linux" }', true],
    ["or => { @(l) }", true],
    ['not => "linux"', false],
    ['not => "$(nosuch)"', true],
    ['xor => { "linux", "any" }', false],
    ['xor => { "linux", "any", "debian" }', true],
    ['if => "linux"', true],
    ["", true],
    ['expression => "linux", if => "nosuch"', false],
    ['expression => "$(nosuch)"', false],
  ])("promised with `%s` hold: %s", (promise, holds) => {
    const text = `vars: "l" slist => { "nosuch", "debian" }; classes: "c-1" ${promise}; reports: c_1:: "yes";`;
    expect(reportsOf(text)).toEqual(holds ? ["yes"] : []);
  });

  test("dist and select_class choose the same on one host for ever, and all choices somewhere", () => {
    const text =
      'classes: "d" dist => { "1", "2" }; "s" select_class => { "s1", "s2", "s3" }; reports: d_1:: "d1"; d_2:: "d2"; s1:: "s1"; s2:: "s2"; s3:: "s3";';
    expect(reportsOf(text)).toEqual(reportsOf(text));
    expect(reportsOf(text)).toHaveLength(2);
  });

  test("of an agent bundle end with it, those of a common bundle and with scope namespace do not", () => {
    const text = `bundle common c { classes: "everywhere" expression => "any"; }
      bundle agent main { methods: "x" usebundle => sub;
        reports: local:: "local"; wide:: "wide"; everywhere:: "everywhere"; }
      bundle agent sub { classes: "local" expression => "any"; "wide" expression => "any", scope => "namespace";
        reports: local:: "inside"; }`;
    const { reports, classes } = evaluate(text);
    expect(reports).toEqual(["inside", "wide", "everywhere"]);
    expect([classes.has("wide"), classes.has("local")]).toEqual([true, false]);
  });

  test("reach a called bundle only where it inherits them", () => {
    const text =
      'classes: "k" expression => "any"; methods: "a" usebundle => s("no"); "b" usebundle => s("yes"), inherit => "true";';
    expect(reportsOf(text, 'bundle agent s(x) { reports: k:: "$(x)"; }')).toEqual(["yes"]);
  });
});

describe("reports", () => {
  test("are printed once, also when the bundle runs again", () => {
    const text = 'reports: "dup"; "dup"; methods: "a" usebundle => s("1"); "b" usebundle => s("2");';
    expect(reportsOf(text, 'bundle agent s(x) { reports: "static"; "with $(x)"; }')).toEqual([
      "static",
      "with 1",
      "with 2",
      "dup",
    ]);
  });

  test("wait for the handles they depend on", () => {
    const text = 'reports: "never" depends_on => { "nosuch" }; "second" depends_on => { "h" }; "first" handle => "h";';
    expect(reportsOf(text)).toEqual(["first", "second"]);
  });
});

describe("what can never hold is an error where it stands", () => {
  test.each([
    ['reports: "x" if => "!!a";', "CLASS_EXPRESSION_DOUBLE_NOT", "!!a"],
    ['reports: "x" unless => "p q";', "CLASS_EXPRESSION_MISSING_OPERATOR", "q"],
    ['classes: "c" expression => "p-q";', "CLASS_EXPRESSION_BAD_CHARACTER", "-q"],
    ['classes: "c" and => { "linux", "=x" };', "CLASS_EXPRESSION_BAD_CHARACTER", "=x"],
    ['classes: "c" dist => { "1", "b" };', "POLICY_TYPE_MISMATCH", '"b"'],
    ['classes: "c" scope => "bundel";', "POLICY_UNKNOWN_OPTION", '"bundel"'],
    ['vars: "v" string => "x", policy => "y";', "POLICY_UNKNOWN_OPTION", '"y"'],
  ])("%s is %s at %s", (promises, code, wrong) => {
    const text = `bundle agent main { ${promises} }`;
    const errors = brief(evaluate(text).diagnostics).filter((each) => each.startsWith("error"));
    expect(errors).toEqual([`error ${code} 1:${text.indexOf(wrong) + 1}`]);
  });
});
