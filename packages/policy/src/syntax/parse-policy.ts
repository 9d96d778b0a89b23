/**
 * One policy text to a tree. A text is a row of blocks; whatever stands between them is reported once and skipped, so that
 * one slip at the top does not hide the ten below it.
 */
import type { Diagnostic } from "@berth/model";
import type { Block, PolicyFile } from "./ast.ts";
import { closestWord } from "./closest-word.ts";
import { takeForeignComment } from "./foreign-comment.ts";
import { bundleTypes, promiseTypes } from "./language-names.ts";
import { type BlockWord, parseBlock, parseBlockAfterWord } from "./parse-block.ts";
import { blockWords, ParseContext } from "./parse-context.ts";
import { skipToBlock } from "./recovery.ts";

/** What parsing one text gives: always a tree, however broken the text was, and what was wrong with it. */
export interface ParseResult {
  readonly ast: PolicyFile;
  /** In the order of the text. An `error` among them means that the tree is incomplete and must not be acted on. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Longest text that is parsed, in UTF-16 code units: 8 Mi, some 40,000 guests. More is no policy that a person wrote. */
export const policyLengthMax = 8 * 1024 * 1024;

/**
 * Parses one policy text. Never throws and ends in time linear in the text's length, whatever the text holds.
 *
 * @param text the policy, at most {@link policyLengthMax} long
 * @param file the name that positions carry
 */
export function parsePolicy(text: string, file: string): ParseResult {
  const position = Object.freeze({ file, line: 1, column: 1 });
  const unreadable = findUnreadable(text);
  const context = new ParseContext(unreadable === undefined ? text : "", file);
  const blocks: Block[] = [];
  while (context.lexer.kind !== "end") {
    const block = parseTopLevel(context);
    if (block !== undefined) blocks.push(block);
  }
  const ast: PolicyFile = Object.freeze({ kind: "policy-file", position, blocks: Object.freeze(blocks) });
  const diagnostics = unreadable === undefined ? context.sink.finish() : [{ ...unreadable, position }];
  return { ast, diagnostics };
}

/** A text that is not worth a look: too long, or not a text at all. */
function findUnreadable(text: string): Omit<Diagnostic, "position"> | undefined {
  if (text.length > policyLengthMax) {
    const message = `this file is longer than ${policyLengthMax} characters; divide it with inputs`;
    return { severity: "error", code: "POLICY_TOO_LONG", message };
  }
  if (text.includes("\0")) {
    return {
      severity: "error",
      code: "POLICY_NOT_TEXT",
      message: "this file holds NUL characters, so it is no policy text",
    };
  }
  if (text.startsWith("\uFEFF")) {
    const message = "this file starts with a byte order mark; save it as UTF-8 without one";
    return { severity: "error", code: "POLICY_BYTE_ORDER_MARK", message };
  }
  return undefined;
}

function parseTopLevel(context: ParseContext): Block | undefined {
  const { lexer } = context;
  if (takeForeignComment(context)) return undefined;
  const text = lexer.kind === "word" ? lexer.tokenText() : "";
  if (blockWords.has(text)) return parseBlock(context, text as BlockWord);
  if (lexer.kind === "}" || lexer.kind === ";") {
    context.reportHere(
      "POLICY_EXTRA_BRACE",
      `this \`${lexer.kind}\` closes nothing; remove it, or look for a } too many above`,
    );
    lexer.advance();
    return undefined;
  }
  if (lexer.atHeading() && promiseTypes.includes(text)) {
    context.reportHere("POLICY_EXPECTED_BLOCK", `\`${text}:\` stands outside a bundle; look for a } too many above`);
    skipToBlock(context);
    return undefined;
  }
  if (bundleTypes.includes(text) && context.nextIs("word")) {
    context.reportHere("POLICY_EXPECTED_BLOCK", "the word bundle is missing here", { hint: `bundle ${text}` });
    return parseBlockAfterWord(context, "bundle");
  }
  const meant = text !== "" && context.source.twoWordsFollow(lexer.end) ? closestWord(text, blockWords) : undefined;
  const message = `${context.found()} starts no block; at the top of a file stand bundle, body and promise blocks`;
  context.reportHere("POLICY_EXPECTED_BLOCK", message, meant === undefined ? {} : { hint: meant });
  if (meant !== undefined) return parseBlock(context, meant as BlockWord);
  skipToBlock(context);
  return undefined;
}
