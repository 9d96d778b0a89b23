/** The inside of a bundle: headings, guards, promises; and how to go on after a broken promise. */
import type { Guard, Identifier, Section, StringLiteral } from "./ast.ts";
import { takeUnquotedPromiser } from "./broken-value.ts";
import { takeForeignComment } from "./foreign-comment.ts";
import { promiseTypes } from "./language-names.ts";
import { blockWords, type ParseContext } from "./parse-context.ts";
import { takeGuard } from "./parse-guard.ts";
import { finishPromise, type PromiseDraft, parsePromiseAttributes, parsePromiseRest } from "./parse-promise.ts";
import { takeString } from "./parse-string.ts";
import { skipStatement } from "./recovery.ts";

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
    checkHeading(state, guard);
    warnOfHeadingLikeGuard(state, guard);
    return;
  }
  if (lexer.kind === "string" || lexer.kind === "unterminated") {
    checkHeading(state, undefined);
    parsePromise(state, takePromiser(state));
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
  if (takeForeignComment(context) || takeBrokenHeading(state) || takeUnquotedPromise(state)) return;
  reportUnexpected(context);
  skipStatement(context);
}

function takeUnquotedPromise(state: BundleState): boolean {
  const { kind } = state.context.lexer;
  if (kind !== "word" && kind !== "variable" && kind !== "unknown") return false;
  const promiser = takeUnquotedPromiser(state.context);
  if (promiser === undefined) return false;
  checkHeading(state, undefined);
  parsePromise(state, promiser);
  return true;
}

function reportUnexpected(context: ParseContext): void {
  const { lexer } = context;
  const message = `${context.found()} starts no promise; a promise starts with a quoted promiser`;
  context.reportHere("POLICY_UNEXPECTED", message, lexer.kind === "word" ? { hint: `"${lexer.tokenText()}"` } : {});
}

/**
 * `guest-environments:`, `reports :` and `reports` without a colon are no headings, but were meant as such. Takes one; false
 * where none is here.
 */
function takeBrokenHeading(state: BundleState): boolean {
  const { context } = state;
  const { lexer, source } = context;
  if (lexer.kind !== "word") return false;
  const rest = lexer.text.slice(lexer.start, Math.min(source.lineEnd(lexer.start), lexer.start + headingLengthMax));
  const match = /^([\w-]+)(?:[ \t]*:(?!:))?/.exec(rest);
  const written = match?.[0] ?? "";
  const text = (match?.[1] ?? "").replaceAll("-", "_");
  const colon = written.endsWith(":");
  if (!colon && !(promiseTypes.includes(text) && /^\s*(?:#|$|["'])/.test(rest.slice(written.length)))) return false;
  const end = lexer.start + written.length;
  const message = colon
    ? "a promise type is letters, digits and _, with its colon right behind it"
    : `a colon is missing behind the promise type ${text}`;
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

function parsePromise(state: BundleState, promiser: StringLiteral): void {
  state.drafts.push(parsePromiseRest(state.context, promiser, state.guard));
}

function takePromiser(state: BundleState): StringLiteral {
  const { context } = state;
  const { lexer } = context;
  const start = lexer.start;
  const promiser = takeString(context);
  if (promiser.text === "") {
    const message = "the promiser is empty; write the name of what makes the promise";
    context.sink.report("POLICY_EMPTY_PROMISER", start, lexer.previousEnd, message);
  }
  return promiser;
}

/** To be called where a guard or a promise starts: both need a heading above them. */
function checkHeading(state: BundleState, guard: Guard | undefined): void {
  if (state.heading !== undefined || state.headless) return;
  state.headless = true;
  const { context } = state;
  if (guard !== undefined && promiseTypes.includes(guard.text)) {
    const message = "two colons make this a class guard; a promise type ends with one";
    const hint = `${guard.text}:`;
    context.sink.reportAt("POLICY_GUARD_FOR_HEADING", guard.position, guard.text.length + 2, message, { hint });
    return;
  }
  const position = guard?.position ?? context.here();
  const message = `this ${guard === undefined ? "promise" : "guard"} has no promise type; write a heading such as guest_environments: above it`;
  context.sink.reportAt("POLICY_MISSING_PROMISE_TYPE", position, 1, message);
}

/** A guard that is spelt like a promise type is most likely one colon too long. */
function warnOfHeadingLikeGuard(state: BundleState, guard: Guard): void {
  if (guard.quoted || state.heading === undefined || !promiseTypes.includes(guard.text)) return;
  const message = "two colons make this a class guard; if it is a promise type, write one";
  state.context.sink.reportAt("POLICY_GUARD_FOR_HEADING", guard.position, guard.text.length + 2, message, {
    severity: "warning",
    hint: `${guard.text}:`,
  });
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
  context.sink.report("POLICY_PROMISE_ENDED", draft.semicolon, draft.semicolon + 1, message, { related });
  draft.semicolon = -1;
  parsePromiseAttributes(context, draft);
}
