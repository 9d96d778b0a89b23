import type { Random } from "./random.ts";

/**
 * Writes random policies that CFEngine accepts, in many spellings: every form that the language front end knows turns up
 * in some of them. Names are chosen so that a policy also makes sense: bodies and bundles that are used exist.
 */
export function randomPolicy(random: Random): string {
  return new PolicyWriter(random).write();
}

/** Damages a policy: cuts, doubles, swaps or inserts a few characters or marks. */
export function mutate(random: Random, policy: string): string {
  let text = policy;
  const marks = [...text.matchAll(/[;,{}()"'`]|=>|->|::?|\b[a-z_]+\b/g)];
  for (let edits = 1 + random.below(2); edits > 0; edits--) {
    const mark = random.pick(marks);
    const start = Math.min(mark.index, text.length);
    const end = start + mark[0].length;
    text = random.pick([
      () => text.slice(0, start) + text.slice(end),
      () => text.slice(0, end) + mark[0] + text.slice(end),
      () => text.slice(0, start) + random.pick(strays) + text.slice(end),
      () => text.slice(0, start) + random.pick(strays) + text.slice(start),
      () => text.slice(0, start) + text.slice(end, end + 1) + mark[0] + text.slice(end + 1),
    ])();
  }
  return text;
}

const strays = [
  ";",
  ",",
  "{",
  "}",
  "(",
  ")",
  '"',
  "'",
  "`",
  "=>",
  "->",
  ":",
  "::",
  "=",
  "x",
  '"x"',
  "any::",
  "$(x)",
  "-",
  "+",
  "<",
  "|",
  "!",
  "@",
  "#",
];

class PolicyWriter {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  write(): string {
    const random = this.#random;
    const blocks = [
      `body common control${this.#gap()}{${this.#gap()}bundlesequence => ${this.#list(['"main"'])};${this.#gap()}}`,
      this.#bundle("main", ""),
      `bundle agent other(a,${this.#blank()}b${random.pick(["", ","])})${this.#gap()}{${this.#gap()}reports:\n  "$(a) $(b)";\n}`,
      this.#body("environment_resources", "small", "n", [
        `env_cpus${this.#arrow()}"$(n)"`,
        `env_memory => ${random.pick(['"524288"', "524288", '"512k"'])}`,
      ]),
      this.#body("action", "warn_only", "", ['action_policy => "warn"', "ifelapsed => 5"]),
    ];
    if (random.chance(0.3))
      blocks.push(`body file control { namespace => "ns"; }\n${this.#bundle("spaced", "default:")}`);
    if (random.chance(0.3))
      blocks.push(
        'bundle common shared\n{\nvars:\n  "s" string => "t";\nclasses:\n  "shared_class" expression => "any";\n}',
      );
    return `${blocks.join(`\n${this.#comment()}`)}${random.pick(["", "\n", "\n# end"])}`;
  }

  #bundle(name: string, bodyPrefix: string): string {
    const makers = [
      () => this.#vars(),
      () => this.#classes(),
      () => this.#reports(bodyPrefix),
      () => this.#guests(bodyPrefix),
      () => this.#methods(bodyPrefix),
      () => this.#notHandled(),
    ];
    const sections = this.#random.several(1, 5, () => this.#random.pick(makers)());
    return `bundle agent ${name}${this.#gap()}{${this.#gap()}${sections.join("\n")}\n}`;
  }

  #vars(): string {
    const random = this.#random;
    const makers = [
      () => `string${this.#arrow()}${this.#text()}`,
      () => `int => ${random.pick(['"4"', '"4k"', "7", '"1M"'])}`,
      () => `real => ${random.pick(['"4.5"', '"-2"'])}`,
      () => `slist => ${this.#list(random.several(0, 4, () => this.#text()))}`,
      () => `ilist => ${this.#list(random.several(1, 3, () => random.pick(['"1"', "2"])))}`,
      () => `data => ${random.pick([`'{ "a": [ 1, 2 ] }'`, "parsejson('[\"x\"]')"])}`,
      () =>
        `string => ${random.pick(['concat("a", "b")', 'canonify("a-b")', 'join(",", "v0")', "$(other_v)", 'string_upcase("x")', 'ifelse("any", "a", "b")'])}`,
      () => `slist => ${random.pick(['splitstring("a:b", ":", "9")', "{ @(v1) }", 'expandrange("n[1-3]", 1)'])}`,
    ];
    return this.#section(
      "vars",
      () => `"v${random.below(4)}${random.pick(["", "", "[k]"])}"${this.#gap()}${random.pick(makers)()}`,
    );
  }

  #classes(): string {
    const random = this.#random;
    const makers = [
      () =>
        `expression => ${random.pick(['"any"', "any", '"linux.!windows"', 'strcmp("a", "a")', 'isvariable("x")', '"a|b||c"'])}`,
      () => `and => ${this.#list(['"any"', "linux", 'strcmp("a", "b")'])}`,
      () => `or => ${this.#list(['"any"', '"(a.b)|c"'])}`,
      () => `not => "linux"`,
      () => `xor => { "any", "linux" }`,
      () => `dist => { "1", "2" }`,
    ];
    return this.#section("classes", () => `"c${random.below(9)}" ${random.pick(makers)()}`);
  }

  #reports(bodyPrefix: string): string {
    return this.#section("reports", () => `${this.#text()}${this.#promisee()}${this.#common(bodyPrefix)}`);
  }

  #guests(bodyPrefix: string): string {
    const random = this.#random;
    return this.#section("guest_environments", () => {
      const attributes = [
        `environment_type => ${random.pick(['"test"', '"kvm"', "'xen'", '"kvm_net"'])}`,
        'environment_host => "any"',
        `environment_state => ${random.pick(['"create"', "running", "`down`"])}`,
        ...(random.chance(0.5) ? [`environment_resources => ${bodyPrefix}small("2")`] : []),
      ];
      return `"guest${random.below(100_000)}"${this.#promisee()}${this.#gap()}${this.#row(attributes)}`;
    });
  }

  #methods(bodyPrefix: string): string {
    const random = this.#random;
    return this.#section(
      "methods",
      () => `"m${random.below(9)}" usebundle => ${bodyPrefix}other(${this.#text()},${this.#blank()}"z")`,
    );
  }

  #notHandled(): string {
    const random = this.#random;
    return random.pick([
      () => this.#section("files", () => `"/tmp/x" create => "true", touch => "false"`),
      () => this.#section("commands", () => `"/bin/true" args => "a b"`),
      () => this.#section("processes", () => `"ntpd" restart_class => "ntpd_down"`),
      () => this.#section("packages", () => `"jq" policy => "present"`),
    ])();
  }

  #section(type: string, promise: () => string): string {
    const random = this.#random;
    const promises = random.several(
      0,
      3,
      () => `${random.chance(0.4) ? this.#guard() : ""}  ${promise()}${this.#blank()};`,
    );
    return `${type}:${this.#comment()}\n${promises.join(`\n${this.#comment()}`)}`;
  }

  #guard(): string {
    const random = this.#random;
    const plain = [
      "any",
      "linux",
      "!windows",
      "linux.!windows",
      "a|b",
      "a||b",
      "(a.b)|any",
      "!(a|b)",
      "a & b",
      "a . b",
      "ns:a",
      "10_0_0_1",
      "a.b.c|d",
    ];
    const quoted = ['"any"', "'linux'", '"$(class)"', '"a.$(b)"'];
    return `\n ${random.chance(0.8) ? `${random.pick(plain)}${random.pick(["", " "])}` : random.pick(quoted)}::${random.pick(["\n", "\n\n", " "])}`;
  }

  #common(bodyPrefix: string): string {
    const random = this.#random;
    const attributes = [
      () => `comment${this.#arrow()}${this.#text()}`,
      () => `handle => "h${random.below(100_000)}"`,
      () => `if => ${random.pick(['"any"', '"linux.!a"', "any", 'not("linux")', 'strcmp("a", "b")'])}`,
      () => 'meta => { "m" }',
      () => `action => ${bodyPrefix}warn_only`,
      () => 'unless => "windows"',
    ];
    const chosen = attributes.filter(() => random.chance(0.25)).map((make) => make());
    return chosen.length === 0 ? "" : `${this.#gap()}${this.#row(chosen)}`;
  }

  #row(attributes: readonly string[]): string {
    return attributes.join(`${this.#blank()},${this.#gap()}`);
  }

  #promisee(): string {
    const random = this.#random;
    if (random.chance(0.7)) return "";
    return `${this.#blank()}->${this.#blank()}${random.pick(['"x"', '{ "x", "y" }', "{}", "x", '{ "x", }', "$(x)"])}`;
  }

  #body(type: string, name: string, parameter: string, attributes: readonly string[]): string {
    const random = this.#random;
    const guard = random.chance(0.3) ? " any::\n" : "";
    const rows = attributes.map((attribute) => `  ${attribute}${this.#blank()};`).join("\n");
    return `body ${type} ${name}${parameter === "" ? "" : `(${parameter})`}${this.#gap()}{\n${guard}${rows}\n}`;
  }

  #list(elements: readonly string[]): string {
    const random = this.#random;
    const inner = elements.join(`${this.#blank()},${this.#gap()}`);
    return `{${this.#blank()}${inner}${elements.length > 0 && random.chance(0.2) ? "," : ""}${this.#blank()}}`;
  }

  #text(): string {
    const random = this.#random;
    return random.pick([
      '"plain"',
      "'single'",
      "`back`",
      '"two words"',
      '"$(v0)"',
      '"$(v1) and @(v1)"',
      '"a \\" b"',
      "'a \\' b'",
      '"a \\\\"',
      '"line\nbreak"',
      '"joined \\\nline"',
      '"# no comment"',
      "'\"quoted\"'",
      "`'both' \"kinds\"`",
      '"=> ; , { } :: ->"',
      '"tab\there"',
      '"\\n stays"',
      '"é ü"',
      '"$(arr[k]) $(b.c)"',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the language's own braces
      '"${v2}"',
      '"100%"',
    ]);
  }

  #arrow(): string {
    return this.#random.pick([" => ", "=>", " =>\n      ", "  =>  "]);
  }

  #gap(): string {
    return this.#random.pick([" ", "\n  ", "\n\n", "  # note\n  ", "\t", " \r\n "]);
  }

  #blank(): string {
    return this.#random.pick(["", "", " ", "\n "]);
  }

  #comment(): string {
    return this.#random.pick(["", "", '# a comment; with { marks } "and quotes\n', "\n"]);
  }
}
