/**
 * Regular expressions as policy writes them (Perl's), matched by a small backtracking machine of our own: the engine of the
 * language has no bound on time, and `(a+)+$` over thirty letters would stop the agent. Here every match has a budget of
 * steps; past it the answer is "too costly", never a hang.
 *
 * Supported: literals, `.` (newlines too), `[...]` with ranges, negation and \d \w \s, `^` and `$` (at every line), `\b`,
 * `\A`, `\z`, groups capturing and not, alternation, `* + ? {n,m}` greedy and lazy, lookahead `(?=` `(?!`, back references,
 * `(?i)` at the start. Anything else (lookbehind, atomic groups) is refused when the pattern is read.
 */
import { type PatternNode, parsePattern } from "./pattern-syntax.ts";

/** What one search gives; `groups[0]` is the whole match. */
export type PatternMatch =
  | {
      readonly kind: "match";
      readonly start: number;
      readonly end: number;
      readonly groups: readonly (string | undefined)[];
    }
  | { readonly kind: "no-match" }
  | { readonly kind: "too-costly" };

/** A pattern that was read. */
export interface Pattern {
  /** The leftmost match at or after an index. */
  find(text: string, from?: number): PatternMatch;
  /**
   * Whether the leftmost match is the whole text, which is what CFEngine asks: `a|ab` does not match `ab`, because the
   * first alternative already matched.
   */
  matchesWhole(text: string): boolean | "too-costly";
}

/** A pattern, or why the text is none. */
export type PatternResult =
  | { readonly ok: true; readonly pattern: Pattern }
  | { readonly ok: false; readonly error: string };

/** Steps of one match: some 10 ms. */
const stepsMax = 300_000;
/** Nested continuations before the call stack would end. */
const depthMax = 1_000;

/**
 * Reads a regular expression. Never throws.
 *
 * @param spend told after each match how many steps it took, so that the caller can bound many matches together
 */
export function compilePattern(source: string, spend: (steps: number) => void = () => {}): PatternResult {
  const parsed = parsePattern(source);
  if (!parsed.ok) return parsed;
  const find = (text: string, from = 0) => {
    const machine: Machine = { text, ignoreCase: parsed.ignoreCase, starts: [], ends: [], steps: stepsMax, depth: 0 };
    const match = findFrom(machine, parsed.node, parsed.groups, from);
    spend(stepsMax - machine.steps);
    return match;
  };
  return {
    ok: true,
    pattern: {
      find,
      matchesWhole(text) {
        const match = find(text);
        if (match.kind === "too-costly") return "too-costly";
        return match.kind === "match" && match.start === 0 && match.end === text.length;
      },
    },
  };
}

interface Machine {
  readonly text: string;
  readonly ignoreCase: boolean;
  readonly starts: (number | undefined)[];
  readonly ends: (number | undefined)[];
  steps: number;
  depth: number;
}

/** Ends the search at once; caught in {@link findFrom}. */
class OutOfSteps extends Error {}

function findFrom(machine: Machine, node: PatternNode, groups: number, from: number): PatternMatch {
  try {
    for (let start = from; start <= machine.text.length; start += 1) {
      machine.starts.length = 0;
      machine.ends.length = 0;
      let end = -1;
      const found = run(machine, node, start, (at) => {
        end = at;
        return true;
      });
      if (found) return { kind: "match", start, end, groups: groupTexts(machine, groups, start, end) };
    }
    return { kind: "no-match" };
  } catch (error) {
    if (error instanceof OutOfSteps) return { kind: "too-costly" };
    throw error;
  }
}

function groupTexts(machine: Machine, groups: number, start: number, end: number): (string | undefined)[] {
  const texts: (string | undefined)[] = [machine.text.slice(start, end)];
  for (let group = 1; group <= groups; group += 1) {
    const from = machine.starts[group];
    const to = machine.ends[group];
    texts.push(from === undefined || to === undefined ? undefined : machine.text.slice(from, to));
  }
  return texts;
}

type Continue = (at: number) => boolean;

/** Matches `node` at `at` and goes on with `next`; every choice that fails is undone and the next one tried. */
function run(machine: Machine, node: PatternNode, at: number, next: Continue): boolean {
  machine.steps -= 1;
  if (machine.steps < 0 || machine.depth > depthMax) throw new OutOfSteps();
  machine.depth += 1;
  const matched = step(machine, node, at, next);
  machine.depth -= 1;
  return matched;
}

function step(machine: Machine, node: PatternNode, at: number, next: Continue): boolean {
  switch (node.kind) {
    case "empty":
      return next(at);
    case "character":
      return at < machine.text.length && node.accepts(machine.text[at] ?? "", machine.ignoreCase) && next(at + 1);
    case "assertion":
      return node.holds(machine.text, at) && next(at);
    case "sequence":
      return runSequence(machine, node.items, 0, at, next);
    case "alternatives":
      return node.items.some((item) => run(machine, item, at, next));
    case "repeat":
      return runRepeat(machine, node, 0, at, next);
    case "group":
      return runGroup(machine, node, at, next);
    case "look-ahead":
      return run(machine, node.item, at, () => true) !== node.negated && next(at);
    case "back-reference":
      return runBackReference(machine, node.group, at, next);
  }
}

function runSequence(
  machine: Machine,
  items: readonly PatternNode[],
  index: number,
  at: number,
  next: Continue,
): boolean {
  const item = items[index];
  if (item === undefined) return next(at);
  return run(machine, item, at, (after) => runSequence(machine, items, index + 1, after, next));
}

type Repeat = Extract<PatternNode, { kind: "repeat" }>;

function runRepeat(machine: Machine, node: Repeat, count: number, at: number, next: Continue): boolean {
  if (node.item.kind === "character" && count === 0) return runCharacters(machine, node, node.item, at, next);
  const more = () =>
    count < node.max &&
    run(
      machine,
      node.item,
      at,
      (after) => (after > at || count < node.min) && runRepeat(machine, node, count + 1, after, next),
    );
  if (count < node.min) return more();
  return node.lazy ? next(at) || more() : more() || next(at);
}

/** A repeated single character needs no nesting: it is counted, and the count tried from one end or the other. */
function runCharacters(
  machine: Machine,
  node: Repeat,
  item: Extract<PatternNode, { kind: "character" }>,
  at: number,
  next: Continue,
): boolean {
  let longest = 0;
  const accepts = () => item.accepts(machine.text[at + longest] ?? "", machine.ignoreCase);
  while (longest < node.max && at + longest < machine.text.length && accepts()) longest += 1;
  machine.steps -= longest;
  for (let tried = 0; tried <= longest - node.min; tried += 1) {
    if (--machine.steps < 0) throw new OutOfSteps();
    if (next(at + (node.lazy ? node.min + tried : longest - tried))) return true;
  }
  return false;
}

function runGroup(
  machine: Machine,
  node: Extract<PatternNode, { kind: "group" }>,
  at: number,
  next: Continue,
): boolean {
  const { index } = node;
  if (index === undefined) return run(machine, node.item, at, next);
  const start = machine.starts[index];
  const end = machine.ends[index];
  const matched = run(machine, node.item, at, (after) => {
    const innerStart = machine.starts[index];
    const innerEnd = machine.ends[index];
    machine.starts[index] = at;
    machine.ends[index] = after;
    if (next(after)) return true;
    machine.starts[index] = innerStart;
    machine.ends[index] = innerEnd;
    return false;
  });
  if (!matched) {
    machine.starts[index] = start;
    machine.ends[index] = end;
  }
  return matched;
}

function runBackReference(machine: Machine, group: number, at: number, next: Continue): boolean {
  const from = machine.starts[group];
  const to = machine.ends[group];
  if (from === undefined || to === undefined) return false;
  const expected = machine.text.slice(from, to);
  return machine.text.startsWith(expected, at) && next(at + expected.length);
}
