/** The inside of a bundle: headings, guards, promises; and how to go on after a broken promise. */
import type { Attribute, Guard, Identifier, PolicyPromise, Section, StringLiteral, Value } from "./ast.ts";
import { reportDuplicates } from "./duplicate-attributes.ts";
import { parseAttribute } from "./parse-attribute.ts";
import { blockWords, type ParseContext } from "./parse-context.ts";
import { takeGuard } from "./parse-guard.ts";
import { takeString } from "./parse-string.ts";
import { parseValue } from "./parse-value.ts";
import { skipStatement } from "./recovery.ts";

/** A promise that may still get attributes: those behind a semicolon that came too early. */
interface PromiseDraft {
  readonly guard: Guard | undefined;
  readonly promiser: StringLiteral;
  readonly promisee: Value | undefined;
  readonly attributes: Attribute[];
  /** Offset of the `;` that ended it, or -1. */
  semicolon: number;
}

interface BundleState {
  readonly context: ParseContext;
  readonly sections: Section[];
  /** The section that is being filled. */
  heading: Identifier | undefined;
  drafts: PromiseDraft[];
  guard: Guard | undefined;
  /** A promise without a heading was reported: once is enough. */
  headless: boolean;
}

/** Parses the statements of a bundle up to its `}`, which is left to the caller. */
export function parseBundleBody(context: ParseContext): readonly Section[] {
  const state: BundleState = {
    context,
    sections: [],
    heading: undefined,
    drafts: [],
    guard: undefined,
    headless: false,
  };
  const { lexer } = context;
  while (lexer.kind !== "}" && lexer.kind !== "end" && !context.atBlock()) parseStatement(state);
  closeSection(state);
  return Object.freeze(state.sections);
}

function parseStatement(state: BundleState): void {
  const { context } = state;
  const { lexer } = context;
  if (lexer.atHeading()) {
    openSection(state);
    return;
  }
  const guard = takeGuard(context);
  if (guard !== undefined) {
    state.guard = guard;
    return;
  }
  if (lexer.kind === "string" || lexer.kind === "unterminated") {
    parsePromise(state);
    return;
  }
  if (lexer.kind === "word" && context.nextIs("=>")) {
    parseLateAttributes(state);
    return;
  }
  if (lexer.kind === ";") {
    context.reportHere("POLICY_EXTRA_SEMICOLON", "nothing stands before this `;`; remove it");
    lexer.advance();
    return;
  }
  if (takeBrokenHeading(state)) return;
  reportUnexpected(context);
  skipStatement(context);
}

function reportUnexpected(context: ParseContext): void {
  const { lexer } = context;
  const message = `${context.found()} starts no promise; a promise starts with a quoted promiser`;
  context.reportHere("POLICY_UNEXPECTED", message, lexer.kind === "word" ? { hint: `"${lexer.tokenText()}"` } : {});
}

/** `guest-environments:` and `reports :` are no headings, but were meant as such. Takes one; false where none is here. */
function takeBrokenHeading(state: BundleState): boolean {
  const { context } = state;
  const { lexer, source } = context;
  if (lexer.kind !== "word") return false;
  const rest = lexer.text.slice(lexer.start, Math.min(source.lineEnd(lexer.start), lexer.start + headingLengthMax));
  const match = /^([\w-]+)[ \t]*:(?!:)/.exec(rest);
  if (match === null) return false;
  const text = (match[1] ?? "").replaceAll("-", "_");
  const end = lexer.start + match[0].length;
  const message = "a promise type is letters, digits and _, with its colon right behind it";
  context.sink.report("POLICY_BAD_PROMISE_TYPE", lexer.start, end, message, { hint: `${text}:` });
  closeSection(state);
  state.heading = Object.freeze({ kind: "identifier", position: context.here(), text });
  lexer.moveTo(end);
  return true;
}

/** Longer words are no promise types. */
const headingLengthMax = 80;

function openSection(state: BundleState): void {
  const { context } = state;
  closeSection(state);
  if (blockWords.has(context.lexer.tokenText())) {
    context.reportHere(
      "POLICY_RESERVED_WORD",
      `\`${context.lexer.tokenText()}\` starts a block and names no promise type`,
    );
  }
  state.heading = context.takeIdentifier();
  context.take(":");
}

function closeSection(state: BundleState): void {
  const { heading, drafts } = state;
  if (heading !== undefined) {
    const promises = Object.freeze(drafts.map((draft) => finishPromise(state.context, draft)));
    state.sections.push(Object.freeze({ kind: "section", position: heading.position, promiseType: heading, promises }));
  }
  state.heading = undefined;
  state.drafts = [];
  state.guard = undefined;
}

function finishPromise(context: ParseContext, draft: PromiseDraft): PolicyPromise {
  const { guard, promiser, promisee, attributes } = draft;
  reportDuplicates(context.sink, attributes, "promise");
  return Object.freeze({
    kind: "promise",
    position: promiser.position,
    ...(guard === undefined ? {} : { guard }),
    promiser,
    ...(promisee === undefined ? {} : { promisee }),
    attributes: Object.freeze(attributes),
  });
}

function parsePromise(state: BundleState): void {
  const { context } = state;
  const { lexer } = context;
  if (state.heading === undefined && !state.headless) {
    state.headless = true;
    const message = "this promise has no promise type; write a heading such as guest_environments: above it";
    context.reportHere("POLICY_MISSING_PROMISE_TYPE", message);
  }
  const start = lexer.start;
  const promiser = takeString(context);
  if (promiser.text === "") {
    context.sink.report(
      "POLICY_EMPTY_PROMISER",
      start,
      lexer.previousEnd,
      "the promiser is empty; write the name of what makes the promise",
    );
  }
  const promisee = lexer.kind === "->" ? parsePromisee(context) : undefined;
  if (lexer.kind === ",") {
    context.reportHere("POLICY_COMMA_AFTER_PROMISER", "no comma stands before the first attribute; remove it");
    lexer.advance();
  }
  const draft: PromiseDraft = { guard: state.guard, promiser, promisee, attributes: [], semicolon: -1 };
  state.drafts.push(draft);
  parseAttributes(context, draft);
}

function parsePromisee(context: ParseContext): Value | undefined {
  context.lexer.advance();
  return parseValue(context, "right-side");
}

/** From the first attribute's name to behind the `;`. */
function parseAttributes(context: ParseContext, draft: PromiseDraft): void {
  const { lexer } = context;
  if (lexer.kind === "=>") {
    context.reportHere("POLICY_MISSING_ATTRIBUTE", "the attribute's name is missing before =>");
    skipStatement(context);
    return;
  }
  while (atAttribute(context)) {
    const attribute = parseAttribute(context, undefined);
    if (attribute !== undefined) draft.attributes.push(attribute);
    if (lexer.kind === ",") takeCommas(context);
    else if (lexer.kind === "word" && context.nextIs("=>")) {
      context.reportMissing("POLICY_MISSING_COMMA", "a comma is missing here, between two attributes", { hint: "," });
    } else break;
  }
  endPromise(context, draft);
}

/** Whether the current word names an attribute and is not the next heading, guard or block. */
function atAttribute(context: ParseContext): boolean {
  const { lexer } = context;
  if (lexer.kind !== "word" || context.atBlock()) return false;
  if (lexer.atHeading() && !context.source.headingIsAttribute(lexer.end)) return false;
  return context.nextIs("=>") || lexer.guardEnd() === -1;
}

function takeCommas(context: ParseContext): void {
  const { lexer } = context;
  const comma = lexer.start;
  lexer.advance();
  while (lexer.kind === ",") {
    context.reportHere("POLICY_EXTRA_COMMA", "an attribute is missing before this comma; remove the comma");
    lexer.advance();
  }
  if (lexer.kind === ";" || lexer.kind === "}") {
    const message = "no attribute follows this comma; remove it";
    context.sink.report("POLICY_TRAILING_COMMA", comma, comma + 1, message, { hint: ";" });
  }
}

function endPromise(context: ParseContext, draft: PromiseDraft): void {
  const { lexer } = context;
  if (lexer.kind === ";") {
    draft.semicolon = lexer.start;
    lexer.advance();
    return;
  }
  const next = lexer.kind;
  const ends = next === "}" || next === "end" || next === "string" || lexer.atHeading() || context.atBlock();
  if (ends || (next !== "unknown" && lexer.guardEnd() !== -1)) {
    const message = "a promise ends with a semicolon; add it here";
    context.reportMissing("POLICY_MISSING_SEMICOLON", message, { hint: ";" });
    return;
  }
  const message =
    next === "=>"
      ? "the attribute's name is missing before =>"
      : `${context.found()} is not expected here; a promise goes on with \`,\` and an attribute, or ends with \`;\``;
  context.reportHere("POLICY_UNEXPECTED", message);
  skipStatement(context);
}

/** An attribute where a promise should start: the semicolon before it came too early. */
function parseLateAttributes(state: BundleState): void {
  const { context } = state;
  const draft = state.drafts.at(-1);
  const name = context.lexer.tokenText();
  if (draft === undefined || draft.semicolon === -1) {
    context.reportHere(
      "POLICY_ATTRIBUTE_WITHOUT_PROMISER",
      `the attribute \`${name}\` belongs to no promise; a quoted promiser must stand before it`,
    );
    skipStatement(context);
    return;
  }
  const related = [{ position: context.here(), message: `\`${name}\` stands outside the promise` }];
  const message = `the promise ends at this semicolon, but its attribute \`${name}\` follows; write a comma here, and the semicolon after the last attribute`;
  context.sink.report("POLICY_PROMISE_ENDED", draft.semicolon, draft.semicolon + 1, message, { hint: ",", related });
  draft.semicolon = -1;
  parseAttributes(context, draft);
}
