import type { FaultBody } from "./faults.ts";

/**
 * The command list of a scenario, one command per line, written to be read aloud:
 *
 *     hosts 3
 *     guest web1 on h1 h2
 *     at 20s power-loss h1 for 60s
 *     at 40s expect web1 on h2
 *     run 120s
 *
 * Words are separated by blanks, `#` begins a comment, times carry `ms`, `s` or `m`.
 */
export class ScenarioError extends Error {
  readonly code = "SCENARIO_SYNTAX";

  constructor(line: number, text: string) {
    super(`line ${line}: ${text}`);
  }
}

/** The words of one line, taken from the left. */
export class Words {
  readonly line: number;
  readonly #words: readonly string[];
  #at = 0;
  readonly #nodeOf: (name: string) => number | undefined;
  readonly #guestOf: (name: string) => number | undefined;

  constructor(
    line: number,
    words: readonly string[],
    nodeOf: (name: string) => number | undefined,
    guestOf: (name: string) => number | undefined,
  ) {
    this.line = line;
    this.#words = words;
    this.#nodeOf = nodeOf;
    this.#guestOf = guestOf;
  }

  get done(): boolean {
    return this.#at >= this.#words.length;
  }

  get next(): string | undefined {
    return this.#words[this.#at];
  }

  fail(text: string): never {
    throw new ScenarioError(this.line, text);
  }

  word(what = "a word"): string {
    const word = this.#words[this.#at++];
    return word ?? this.fail(`${what} is missing at the end`);
  }

  /** Takes the word if it is the next one. */
  take(word: string): boolean {
    if (this.next !== word) return false;
    this.#at += 1;
    return true;
  }

  expect(word: string): void {
    if (!this.take(word)) this.fail(`expected "${word}", found "${this.next ?? "the end"}"`);
  }

  end(): void {
    if (!this.done) this.fail(`"${this.next}" is too much`);
  }

  number(): number {
    const word = this.word("a number");
    const value = word.endsWith("%") ? Number(word.slice(0, -1)) / 100 : Number(word);
    return Number.isFinite(value) ? value : this.fail(`"${word}" is not a number`);
  }

  timeMs(): number {
    const word = this.word("a time");
    const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(word);
    if (match === null) return this.fail(`"${word}" is not a time such as 20s or 500ms`);
    const unit = match[2] === "ms" ? 1 : match[2] === "s" ? 1000 : 60_000;
    return Math.round(Number(match[1]) * unit);
  }

  node(): number {
    const word = this.word("a host");
    return this.#nodeOf(word) ?? this.fail(`there is no host "${word}"`);
  }

  /** Hosts up to the next word that is none. */
  nodes(): number[] {
    const nodes: number[] = [];
    while (this.next !== undefined && this.#nodeOf(this.next) !== undefined) nodes.push(this.node());
    return nodes;
  }

  guest(): number {
    const word = this.word("a guest");
    return this.#guestOf(word) ?? this.fail(`there is no guest "${word}"`);
  }

  forMs(): number {
    this.expect("for");
    return this.timeMs();
  }
}

/** Reads a fault after its `at TIME`; undefined when the word names none. */
export function readFault(words: Words): FaultBody | undefined {
  const kind = words.next as FaultBody["kind"] | undefined;
  const reader = kind === undefined ? undefined : readers[kind];
  if (reader === undefined) return undefined;
  words.word();
  return reader(words);
}

const readers: Readonly<Record<FaultBody["kind"], (words: Words) => FaultBody>> = {
  partition: (w) => ({ kind: "partition", side: w.nodes(), forMs: w.forMs() }),
  "one-way": (w) => {
    const from = w.node();
    w.expect("to");
    return { kind: "one-way", from, to: w.node(), forMs: w.forMs() };
  },
  deaf: (w) => ({ kind: "deaf", host: w.node(), forMs: w.forMs() }),
  mute: (w) => ({ kind: "mute", host: w.node(), forMs: w.forMs() }),
  outage: (w) => ({ kind: "outage", forMs: w.forMs() }),
  weather: (w) => {
    w.expect("loss");
    const loss = w.number();
    w.expect("doubled");
    const duplicate = w.number();
    w.expect("late");
    const late = w.number();
    w.expect("by");
    return { kind: "weather", loss, duplicate, late, lateMs: w.timeMs(), forMs: w.forMs() };
  },
  hold: (w) => {
    const host = w.node();
    w.expect("out");
    const outMs = w.timeMs();
    w.expect("in");
    return { kind: "hold", host, outMs, inMs: w.timeMs(), forMs: w.forMs() };
  },
  "agent-crash": (w) => ({ kind: "agent-crash", host: w.node(), forMs: w.forMs() }),
  "agent-stop": (w) => ({ kind: "agent-stop", host: w.node(), forMs: w.forMs() }),
  "deadman-stop": (w) => ({ kind: "deadman-stop", host: w.node(), forMs: w.forMs() }),
  "both-stopped": (w) => ({ kind: "both-stopped", host: w.node(), forMs: w.forMs() }),
  "agent-restart": (w) => ({ kind: "agent-restart", host: w.node() }),
  "wipe-disk": (w) => ({ kind: "wipe-disk", host: w.node(), forMs: w.forMs() }),
  "slow-disk": (w) => {
    const host = w.node();
    w.expect("by");
    return { kind: "slow-disk", host, slowMs: w.timeMs(), forMs: w.forMs() };
  },
  "power-loss": (w) => ({ kind: "power-loss", host: w.node(), forMs: w.forMs() }),
  "fleet-power-cut": (w) => {
    const forMs = w.forMs();
    w.expect("stagger");
    return { kind: "fleet-power-cut", forMs, staggerMs: w.timeMs() };
  },
  freeze: (w) => ({ kind: "freeze", host: w.node(), forMs: w.forMs() }),
  "blind-freeze": (w) => ({ kind: "blind-freeze", host: w.node(), forMs: w.forMs() }),
  "libvirtd-restart": (w) => ({ kind: "libvirtd-restart", host: w.node(), forMs: w.forMs() }),
  "slow-hypervisor": (w) => {
    const host = w.node();
    w.expect("times");
    return { kind: "slow-hypervisor", host, factor: w.number(), forMs: w.forMs() };
  },
  hang: (w) => {
    const operation = w.word("an operation");
    if (operation !== "start" && operation !== "suspend" && operation !== "resume" && operation !== "destroy") {
      return w.fail(`"${operation}" is not start, suspend, resume or destroy`);
    }
    w.expect("on");
    return { kind: "hang", operation, host: w.node(), forMs: w.forMs() };
  },
  unkillable: (w) => onHost(w, (guest, host) => ({ kind: "unkillable", guest, host })),
  "hand-start": (w) => onHost(w, (guest, host) => ({ kind: "hand-start", guest, host })),
  "hand-resume": (w) => onHost(w, (guest, host) => ({ kind: "hand-resume", guest, host })),
  policy: (w) => {
    const guest = w.guest();
    const wanted = w.word("running or down");
    if (wanted !== "running" && wanted !== "down") return w.fail(`"${wanted}" is not running or down`);
    return { kind: "policy", guest, wanted };
  },
  class: (w) => {
    const guest = w.guest();
    w.expect("on");
    return { kind: "class", guest, hosts: w.nodes() };
  },
  "add-host": (w) => ({ kind: "add-host", host: w.node() }),
  "replace-voter": (w) => {
    const out = w.node();
    w.expect("by");
    return { kind: "replace-voter", out, by: w.node() };
  },
  drain: (w) => ({ kind: "drain", host: w.node() }),
  undrain: (w) => ({ kind: "undrain", host: w.node() }),
  release: (w) => {
    const guest = w.guest();
    w.expect("to");
    return { kind: "release", guest, to: w.node() };
  },
  "confirm-dead": (w) => ({ kind: "confirm-dead", host: w.node() }),
  "reset-quorum": (w) => {
    const host = w.node();
    w.expect("voters");
    const voters = w.nodes();
    w.expect("dead");
    return { kind: "reset-quorum", host, voters, dead: w.nodes() };
  },
  "host-lost": (w) => ({ kind: "host-lost", host: w.node() }),
  clone: (w) => {
    const host = w.node();
    w.expect("of");
    return { kind: "clone", host, of: w.node() };
  },
  "lost-fsync": (w) => ({ kind: "lost-fsync", host: w.node() }),
  drift: (w) => ({ kind: "drift", host: w.node(), rate: w.number() }),
};

function onHost(words: Words, make: (guest: number, host: number) => FaultBody): FaultBody {
  const guest = words.guest();
  words.expect("on");
  return make(guest, words.node());
}
