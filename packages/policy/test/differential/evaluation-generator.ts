import type { Random } from "./random.ts";

/**
 * Writes random policies that say what they come to: variables of all kinds, classes over classes, iteration, arrays,
 * functions, bundles with arguments, all of it shown by reports. Nothing depends on the host.
 */
export function randomReportingPolicy(random: Random): string {
  return [
    'body common control { bundlesequence => { "main", "after" }; }',
    mainBundle(random),
    ...helpers,
    `bundle agent after\n{\nreports:\n  main_done::\n  "after $(main.l0) $(main.called)";\n  "after $(main.made)";\n${guard(random)}  "after guarded $(main.guarded)";\n}`,
  ].join("\n");
}

/** Bundles that take arguments, see classes and join lists. */
const helpers: readonly string[] = [
  'bundle agent child(first, second)\n{\nvars:\n  "own" string => "own $(first)";\nreports:\n  "child $(first) $(second) $(own) $(main.s0)";\n}',
  'bundle agent plain\n{\nclasses:\n  "local" expression => "any";\nreports:\n  local::\n  "plain $(this.bundle)";\n  c0::\n  "plain sees c0";\n}',
  'bundle agent lists(names, word)\n{\nvars:\n  "copy" slist => { @(names), "last" };\nreports:\n  "lists $(copy) $(word)";\n}',
];

function mainBundle(random: Random): string {
  const sections = [
    `vars:\n${variables(random).join("\n")}`,
    `classes:\n${classPromises(random).join("\n")}\n  "main_done" expression => "any", scope => "namespace";`,
    `methods:\n  any::\n${random.several(0, 3, () => methodPromise(random)).join("\n")}`,
    `reports:\n${random.several(3, 7, () => reportPromise(random)).join("\n")}`,
  ];
  return `bundle agent main\n{\n${sections.join("\n")}\n}`;
}

const conditions = ["any", "c0", "!c0", "c0.c1", "c0|c1", "!(c0|c2)", "c1.!c3", "any.(c2|!c3)", "linux", "nonesuch"];

function condition(random: Random): string {
  return random.pick([...conditions, "main_done"]);
}

function guard(random: Random): string {
  return random.chance(0.35) ? `  ${condition(random)}::\n` : "";
}

function text(random: Random): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the language's own braces
  const braces = "${s0}.";
  return random.pick(["a", "b", "x-y", "two words", "$(s0)", "$(s1)", "<$(s2)>", "$(arr[k0])", "$(nowhere)", braces]);
}

function item(random: Random): string {
  return random.pick(["one", "two", "three", "4", "$(s0)", "five six"]);
}

function variables(random: Random): readonly string[] {
  const list = (): string => random.several(1, 3, () => `"${item(random)}"`).join(", ");
  return [
    `  "s0" string => "${random.pick(["zero", "null"])}";`,
    `  "s1" string => "${random.pick(["a", "b-$(s0)", "c"])}";`,
    `  "s2" string => "${random.pick(["a", "b-$(s0)", "c"])}";`,
    `  "l0" slist => { ${list()} };`,
    `  "l1" slist => { ${list()} };`,
    `  "arr[k0]" string => "${random.pick(["v0", "$(s1)", "v $(s0)"])}";`,
    '  "arr[k1]" string => "v1";',
    '  "solo[only]" string => "v2";',
    `  "d" data => '{ "name": "data", "list": [ "i", "j" ] }';`,
    `  "called" string => ${textCall(random)};`,
    `  "made" slist => ${listCall(random)};`,
    `${guard(random)}  "guarded" string => "yes";`,
  ];
}

function textCall(random: Random): string {
  return random.pick([
    `concat("${text(random)}", "-", "${text(random)}")`,
    'canonify("a-b.c $(s0)")',
    'join("+", "l0")',
    `string_upcase("${text(random)}")`,
    'nth("l0", "0")',
    'length("l1")',
    `ifelse("${condition(random)}", "then", "else")`,
    'format("%s=%s", "k", "$(s0)")',
    `string_downcase("AbC${text(random)}")`,
  ]);
}

function listCall(random: Random): string {
  return random.pick([
    'splitstring("p:q:r", ":", "9")',
    'expandrange("n[1-3]", 1)',
    'filter("t.*", "l0", "true", "false", "99")',
    'getindices("solo")',
    'maplist("<$(this)>", "l0")',
  ]);
}

function classPromises(random: Random): readonly string[] {
  return ["c0", "c1", "c2", "c3"].map((name) => {
    const right = random.pick([
      `expression => "${random.pick(["any", "linux", "nonesuch", "c0", "!c1"])}"`,
      `and => { "any", "${random.pick(["linux", "nonesuch"])}" }`,
      `or => { "nonesuch", "${random.pick(["c0", "linux"])}" }`,
      `not => "${random.pick(["nonesuch", "any"])}"`,
      `xor => { "any", "${random.pick(["linux", "nonesuch"])}" }`,
      'expression => strcmp("$(s0)", "zero")',
      'expression => isvariable("s1")',
      'expression => regcmp("b.*", "$(s1)")',
    ]);
    return `  "${name}" ${right};`;
  });
}

const shown = [
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
];

function reportPromise(random: Random): string {
  const when = random.chance(0.3) ? ` ${random.pick(["if", "unless"])} => "${condition(random)}"` : "";
  return `${guard(random)}  "${random.pick(["r", "q"])}${random.below(1000)}: ${random.pick(shown)}"${when};`;
}

function methodPromise(random: Random): string {
  const calls = ['child("$(l0)", "fixed")', 'child("$(s0)", "$(l1)")', "plain", 'lists(@(l0), "$(s1)")'];
  return `${guard(random)}  "m${random.below(100)}" usebundle => ${random.pick(calls)};`;
}
