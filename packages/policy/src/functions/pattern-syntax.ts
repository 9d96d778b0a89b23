/** Regular expression text to a tree that `pattern.ts` walks. Recursive descent, one character at a time. */

export type PatternNode =
  | { readonly kind: "empty" }
  | CharacterNode
  | { readonly kind: "assertion"; readonly holds: (text: string, at: number) => boolean }
  | { readonly kind: "sequence"; readonly items: readonly PatternNode[] }
  | { readonly kind: "alternatives"; readonly items: readonly PatternNode[] }
  | {
      readonly kind: "repeat";
      readonly item: PatternNode;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    }
  | { readonly kind: "group"; readonly item: PatternNode; readonly index: number | undefined }
  | { readonly kind: "look-ahead"; readonly item: PatternNode; readonly negated: boolean }
  | { readonly kind: "back-reference"; readonly group: number };

interface CharacterNode {
  readonly kind: "character";
  readonly accepts: (character: string, ignoreCase: boolean) => boolean;
}

/** What reading a pattern gives. */
export type PatternParse =
  | { readonly ok: true; readonly node: PatternNode; readonly groups: number; readonly ignoreCase: boolean }
  | { readonly ok: false; readonly error: string };

const lengthMax = 10_000;
const nestingMax = 100;
/** Perl's own limit for counted repetition. */
const countMax = 65_535;

/** Reads a regular expression. Never throws. */
export function parsePattern(source: string): PatternParse {
  if (source.length > lengthMax) return { ok: false, error: `it is longer than ${lengthMax} characters` };
  const flags = /^\(\?([imsx]*)\)/.exec(source);
  const parser = new PatternParser(source, flags?.[0].length ?? 0);
  try {
    const node = parser.parse();
    return { ok: true, node, groups: parser.groups, ignoreCase: flags?.[1]?.includes("i") ?? false };
  } catch (error) {
    if (error instanceof PatternSyntax) return { ok: false, error: error.message };
    throw error;
  }
}

/** Control flow inside this file only: {@link parsePattern} turns it into a value. */
class PatternSyntax extends Error {}

type CharacterTest = (character: string) => boolean;

const classLetters: Readonly<Record<string, CharacterTest>> = {
  d: (character) => /\d/.test(character),
  D: (character) => /\D/.test(character),
  w: (character) => /\w/.test(character),
  W: (character) => /\W/.test(character),
  s: (character) => /\s/.test(character),
  S: (character) => /\S/.test(character),
};

const controlLetters: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", e: "\x1b", a: "\x07" };

const isWord = (character: string | undefined) => character !== undefined && /\w/.test(character);
const atWordEdge = (text: string, at: number) => isWord(text[at - 1]) !== isWord(text[at]);

const assertions: Readonly<Record<string, (text: string, at: number) => boolean>> = {
  b: atWordEdge,
  B: (text, at) => !atWordEdge(text, at),
  A: (_, at) => at === 0,
  z: (text, at) => at === text.length,
  Z: (text, at) => at === text.length || (at === text.length - 1 && text[at] === "\n"),
};

class PatternParser {
  readonly #source: string;
  #at: number;
  #nesting = 0;
  groups = 0;

  constructor(source: string, at: number) {
    this.#source = source;
    this.#at = at;
  }

  parse(): PatternNode {
    const node = this.#alternatives();
    if (this.#at < this.#source.length) this.#fail("a `)` closes nothing");
    return node;
  }

  #alternatives(): PatternNode {
    const items = [this.#sequence()];
    while (this.#take("|")) items.push(this.#sequence());
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: "alternatives", items };
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = [];
    while (this.#at < this.#source.length && !"|)".includes(this.#source[this.#at] ?? "")) items.push(this.#repeated());
    return items.length === 0 ? { kind: "empty" } : { kind: "sequence", items };
  }

  #repeated(): PatternNode {
    let item = this.#atom();
    for (let count = this.#count(); count !== undefined; count = this.#count()) {
      const lazy = this.#take("?");
      if (this.#source[this.#at] === "+") this.#fail("possessive repetition is not supported");
      item = { kind: "repeat", item, ...count, lazy };
      this.#nesting += 1;
      if (this.#nesting > nestingMax * 100) this.#fail("it repeats too often");
    }
    return item;
  }

  #count(): { min: number; max: number } | undefined {
    if (this.#take("*")) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take("+")) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take("?")) return { min: 0, max: 1 };
    const match = /^\{(\d{1,6})(,(\d{0,6}))?\}/.exec(this.#source.slice(this.#at, this.#at + 20));
    if (match === null) return undefined;
    this.#at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (min > countMax || max < min) this.#fail(`the counts of ${match[0]} are out of order or too large`);
    return { min, max };
  }

  #atom(): PatternNode {
    const character = this.#source[this.#at] ?? "";
    this.#at += 1;
    switch (character) {
      case "(":
        return this.#group();
      case "[":
        return this.#characterClass();
      case "\\":
        return this.#escape();
      case ".":
        return { kind: "character", accepts: () => true };
      case "^":
        return { kind: "assertion", holds: (text, at) => at === 0 || text[at - 1] === "\n" };
      case "$":
        return { kind: "assertion", holds: (text, at) => at === text.length || text[at] === "\n" };
      case "*":
      case "+":
      case "?":
        return this.#fail(`there is nothing for \`${character}\` to repeat`);
      default:
        return literal(character);
    }
  }

  #group(): PatternNode {
    this.#nesting += 1;
    if (this.#nesting > nestingMax) this.#fail(`groups nest deeper than ${nestingMax}`);
    const node = this.#groupBody();
    if (!this.#take(")")) this.#fail("a `(` is not closed");
    this.#nesting -= 1;
    return node;
  }

  #groupBody(): PatternNode {
    if (!this.#take("?")) {
      this.groups += 1;
      const index = this.groups;
      return { kind: "group", item: this.#alternatives(), index };
    }
    if (this.#take(":")) return { kind: "group", item: this.#alternatives(), index: undefined };
    if (this.#take("=")) return { kind: "look-ahead", item: this.#alternatives(), negated: false };
    if (this.#take("!")) return { kind: "look-ahead", item: this.#alternatives(), negated: true };
    const name = /^P?<(\w+)>/.exec(this.#source.slice(this.#at, this.#at + 64));
    if (name === null) return this.#fail(`\`(?${this.#source[this.#at] ?? ""}\` is not supported`);
    this.#at += name[0].length;
    this.groups += 1;
    const index = this.groups;
    return { kind: "group", item: this.#alternatives(), index };
  }

  #escape(): PatternNode {
    const letter = this.#source[this.#at];
    if (letter === undefined) return this.#fail("it ends in a backslash");
    this.#at += 1;
    const assertion = assertions[letter];
    if (assertion !== undefined) return { kind: "assertion", holds: assertion };
    if (/[1-9]/.test(letter)) return { kind: "back-reference", group: Number(letter) };
    const classTest = classLetters[letter];
    if (classTest !== undefined) return { kind: "character", accepts: classTest };
    return literal(this.#escapedCharacter(letter));
  }

  #escapedCharacter(letter: string): string {
    if (letter === "x") {
      const hex = /^[0-9a-fA-F]{2}/.exec(this.#source.slice(this.#at, this.#at + 2));
      if (hex === null) return this.#fail("\\x takes two hexadecimal digits");
      this.#at += 2;
      return String.fromCharCode(Number.parseInt(hex[0], 16));
    }
    const control = controlLetters[letter];
    if (control !== undefined) return control;
    if (/[a-zA-Z0-9]/.test(letter)) return this.#fail(`\\${letter} is not supported`);
    return letter;
  }

  #characterClass(): PatternNode {
    const negated = this.#take("^");
    const tests: CharacterTest[] = [];
    let first = true;
    while (first || this.#source[this.#at] !== "]") {
      if (this.#at >= this.#source.length) this.#fail("a `[` is not closed");
      tests.push(this.#classItem());
      first = false;
    }
    this.#at += 1;
    const inClass = (character: string) => tests.some((test) => test(character));
    return {
      kind: "character",
      accepts: (character, ignoreCase) =>
        (inClass(character) ||
          (ignoreCase && (inClass(character.toLowerCase()) || inClass(character.toUpperCase())))) !== negated,
    };
  }

  #classItem(): CharacterTest {
    const posix = /^\[:(\w+):\]/.exec(this.#source.slice(this.#at, this.#at + 16));
    if (posix !== null) return this.#posixClass(posix[0], posix[1] ?? "");
    const low = this.#classCharacter();
    if (typeof low === "function") return low;
    if (this.#source[this.#at] !== "-" || this.#source[this.#at + 1] === "]") return (character) => character === low;
    this.#at += 1;
    const high = this.#classCharacter();
    if (typeof high === "function" || high < low) return this.#fail("a range in `[...]` is out of order");
    return (character) => character >= low && character <= high;
  }

  #classCharacter(): string | CharacterTest {
    const character = this.#source[this.#at] ?? "";
    this.#at += 1;
    if (character !== "\\") return character;
    const letter = this.#source[this.#at] ?? this.#fail("it ends in a backslash");
    this.#at += 1;
    return classLetters[letter] ?? this.#escapedCharacter(letter);
  }

  #posixClass(text: string, name: string): CharacterTest {
    this.#at += text.length;
    return posixClasses[name] ?? this.#fail(`${text} is not supported`);
  }

  #take(character: string): boolean {
    if (this.#source[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #fail(message: string): never {
    throw new PatternSyntax(message);
  }
}

const posixClasses: Readonly<Record<string, CharacterTest>> = {
  alpha: (character) => /[a-zA-Z]/.test(character),
  digit: (character) => /[0-9]/.test(character),
  alnum: (character) => /[a-zA-Z0-9]/.test(character),
  upper: (character) => /[A-Z]/.test(character),
  lower: (character) => /[a-z]/.test(character),
  space: (character) => /\s/.test(character),
  punct: (character) => /[!-/:-@[-`{-~]/.test(character),
  xdigit: (character) => /[0-9a-fA-F]/.test(character),
  blank: (character) => /[ \t]/.test(character),
};

function literal(expected: string): PatternNode {
  const folded = expected.toLowerCase();
  return {
    kind: "character",
    accepts: (character, ignoreCase) => character === expected || (ignoreCase && character.toLowerCase() === folded),
  };
}
