import type { Random } from "./random.ts";

/**
 * Writes random policies that say what they come to: variables of all kinds, classes over classes, iteration, arrays,
 * functions, bundles with arguments, all of it shown by reports. Nothing depends on the host.
 */
export function randomReportingPolicy(random: Random): string {
  const lists = ["l0", "l1"];
  const scalars = ["s0", "s1", "s2"];
  const classes = ["c0", "c1", "c2", "c3"];
  const text = (): string =>
    random.pick([
      "a",
      "b",
      "x-y",
      "two words",
      "$(s0)",
      "$(s1)",
      "<$(s2)>",
      "$(arr[k0])",
      "$(nowhere)",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the language's own braces
      "${s0}.",
    ]);
  const item = (): string => random.pick(["one", "two", "three", "4", "$(s0)", "five six"]);
  const condition = (): string =>
    random.pick([
      "any",
      "c0",
      "!c0",
      "c0.c1",
      "c0|c1",
      "!(c0|c2)",
      "c1.!c3",
      "any.(c2|!c3)",
      "linux",
      "nonesuch",
      "main_done",
    ]);
  const scalarCall = (): string =>
    random.pick([
      `concat("${text()}", "-", "${text()}")`,
      'canonify("a-b.c $(s0)")',
      'join("+", "l0")',
      `string_upcase("${text()}")`,
      'nth("l0", "0")',
      'length("l1")',
      `ifelse("${condition()}", "then", "else")`,
      'format("%s=%s", "k", "$(s0)")',
      `string_downcase("AbC${text()}")`,
    ]);
  const listCall = (): string =>
    random.pick([
      'splitstring("p:q:r", ":", "9")',
      'expandrange("n[1-3]", 1)',
      'filter("t.*", "l0", "true", "false", "99")',
      'getindices("solo")',
      'maplist("<$(this)>", "l0")',
    ]);
  const guard = (): string => (random.chance(0.35) ? `  ${condition()}::\n` : "");
  const shown = (): string =>
    random.pick([
      "$(s0)",
      "$(s1) $(s2)",
      "$(l0)",
      "$(l0)/$(l1)",
      "$(arr[k0]) $(arr[k1])",
      "$(d[name])",
      "$(made)",
      "$(called)",
      "@(l1)",
      "$(l1) $(this.bundle)",
    ]);

  const vars = [
    ...scalars.map(
      (name, index) =>
        `  "${name}" string => "${index === 0 ? random.pick(["zero", "null"]) : random.pick(["a", "b-$(s0)", "c"])}";`,
    ),
    ...lists.map((name) => `  "${name}" slist => { ${random.several(1, 3, () => `"${item()}"`).join(", ")} };`),
    `  "arr[k0]" string => "${random.pick(["v0", "$(s1)", "v $(s0)"])}";`,
    `  "solo[only]" string => "v2";`,
    `  "arr[k1]" string => "v1";`,
    `  "d" data => '{ "name": "data", "list": [ "i", "j" ] }';`,
    `  "called" string => ${scalarCall()};`,
    `  "made" slist => ${listCall()};`,
    `${guard()}  "guarded" string => "yes";`,
  ];
  const classPromises = classes.map(
    (name) =>
      `  "${name}" ${random.pick([
        `expression => "${random.pick(["any", "linux", "nonesuch", "c0", "!c1"])}"`,
        `and => { "any", "${random.pick(["linux", "nonesuch"])}" }`,
        `or => { "nonesuch", "${random.pick(["c0", "linux"])}" }`,
        `not => "${random.pick(["nonesuch", "any"])}"`,
        `xor => { "any", "${random.pick(["linux", "nonesuch"])}" }`,
        'expression => strcmp("$(s0)", "zero")',
        'expression => isvariable("s1")',
        'expression => regcmp("b.*", "$(s1)")',
      ])};`,
  );
  const reports = random.several(3, 7, () => {
    const condition_ = random.chance(0.3) ? ` ${random.pick(["if", "unless"])} => "${condition()}"` : "";
    return `${guard()}  "${random.pick(["r", "q"])}${random.below(1000)}: ${shown()}"${condition_};`;
  });
  const methods = random.several(
    0,
    3,
    () =>
      `${guard()}  "m${random.below(100)}" usebundle => ${random.pick(['child("$(l0)", "fixed")', 'child("$(s0)", "$(l1)")', "plain", 'lists(@(l0), "$(s1)")'])};`,
  );
  return [
    'body common control { bundlesequence => { "main", "after" }; }',
    `bundle agent main\n{\nvars:\n${vars.join("\n")}\nclasses:\n${classPromises.join("\n")}\n  "main_done" expression => "any", scope => "namespace";\nmethods:\n  any::\n${methods.join("\n")}\nreports:\n${reports.join("\n")}\n}`,
    'bundle agent child(first, second)\n{\nvars:\n  "own" string => "own $(first)";\nreports:\n  "child $(first) $(second) $(own) $(main.s0)";\n}',
    'bundle agent plain\n{\nclasses:\n  "local" expression => "any";\nreports:\n  local::\n  "plain $(this.bundle)";\n  c0::\n  "plain sees c0";\n}',
    'bundle agent lists(names, word)\n{\nvars:\n  "copy" slist => { @(names), "last" };\nreports:\n  "lists $(copy) $(word)";\n}',
    `bundle agent after\n{\nreports:\n  main_done::\n  "after $(main.l0) $(main.called)";\n  "after $(main.made)";\n${guard()}  "after guarded $(main.guarded)";\n}`,
  ].join("\n");
}
