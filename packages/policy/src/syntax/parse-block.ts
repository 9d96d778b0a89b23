/** `bundle type name(parameters) { ... }` and its two kin, `body` and `promise`. */
import type { Attribute, Block, Body, Identifier } from "./ast.ts";
import { bundleTypes } from "./language-names.ts";
import { parseBodyAttributes } from "./parse-body.ts";
import { parseBundleBody } from "./parse-bundle.ts";
import { blockWords, type ParseContext } from "./parse-context.ts";
import { skipToBlock } from "./recovery.ts";

/** The first word of a block. */
export type BlockWord = "bundle" | "body" | "promise";

/**
 * Parses one block, whose first word is the current token.
 * @param word what the first word says, or was meant to say
 * @returns undefined where its heading could not be read; that is reported, and the block is skipped
 */
export function parseBlock(context: ParseContext, word: BlockWord): Block | undefined {
  const position = context.here();
  context.lexer.advance();
  return parseBlockAfterWord(context, word, position);
}

/** Parses a block from its type on: the current token is the first one behind `bundle`, `body` or `promise`. */
export function parseBlockAfterWord(
  context: ParseContext,
  word: BlockWord,
  position = context.here(),
): Block | undefined {
  const { lexer } = context;
  const type = takeHeadingWord(context, word, "type");
  const name =
    type === undefined ? undefined : (takeNameForType(context, word, type) ?? takeHeadingWord(context, word, "name"));
  if (type === undefined || name === undefined) {
    skipToBlock(context);
    return undefined;
  }
  checkName(context, word, name);
  const parameters = lexer.kind === "(" ? parseParameters(context) : [];
  const open = lexer.start;
  if (!takeOpeningBrace(context, word, name.text)) {
    skipToBlock(context);
    return undefined;
  }
  const head = { position, name, namespace: context.namespace, parameters: Object.freeze(parameters) };
  const block = parseInside(context, word, type, head);
  closeBlock(context, `${word} ${type.text} ${name.text}`, open);
  return block;
}

type BlockHead = Pick<Body, "position" | "name" | "namespace" | "parameters">;

function parseInside(context: ParseContext, word: BlockWord, type: Identifier, head: BlockHead): Block {
  switch (word) {
    case "bundle": {
      const bundleType = type === head.name ? agentType(type) : type;
      return Object.freeze({ kind: "bundle", ...head, bundleType, sections: parseBundleBody(context) });
    }
    case "body": {
      const attributes = parseBodyAttributes(context);
      if (type.text === "file" && head.name.text === "control") readNamespace(context, attributes);
      return Object.freeze({ kind: "body", ...head, bodyType: type, attributes });
    }
    case "promise": {
      const { position, name } = head;
      return Object.freeze({
        kind: "promise-block",
        position,
        blockType: type,
        name,
        attributes: parseBodyAttributes(context),
      });
    }
  }
}

/** The type of a bundle that names none, so that its promises are still checked. */
function agentType(name: Identifier): Identifier {
  return Object.freeze({ ...name, text: "agent" });
}

/** A `body file control` names the namespace of every block below it in its file. */
function readNamespace(context: ParseContext, attributes: readonly Attribute[]): void {
  for (const { name, value } of attributes) {
    if (name.text !== "namespace" || (value.kind !== "string" && value.kind !== "name")) continue;
    if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(value.text)) context.namespace = value.text;
    else {
      const message = "a namespace is letters, digits and _, and does not start with a digit";
      context.sink.reportAt("POLICY_BAD_NAMESPACE", value.position, value.text.length, message);
    }
  }
}

function takeHeadingWord(context: ParseContext, word: BlockWord, part: "type" | "name"): Identifier | undefined {
  const { lexer } = context;
  const example = { bundle: "bundle agent main", body: "body action warn_only", promise: "promise agent git" }[word];
  if (lexer.kind === "word" && !blockWords.has(lexer.tokenText())) return context.takeIdentifier();
  if (lexer.kind === "word") {
    context.reportHere(
      "POLICY_RESERVED_WORD",
      `\`${lexer.tokenText()}\` starts a block and cannot be a ${word}'s ${part}`,
    );
  } else {
    const message = `the ${word}'s ${part} is missing before ${context.found()}; a heading reads like \`${example}\``;
    context.reportHere("POLICY_MISSING_NAME", message);
  }
  return undefined;
}

/** `bundle main {`: the only word is the name, and the type is missing. Gives the name; undefined where both are there. */
function takeNameForType(context: ParseContext, word: BlockWord, type: Identifier): Identifier | undefined {
  const { kind } = context.lexer;
  if ((kind !== "{" && kind !== "(") || word !== "bundle" || bundleTypes.includes(type.text)) return undefined;
  const message = "a bundle has a type and a name; a type is missing here";
  context.sink.reportAt("POLICY_MISSING_NAME", type.position, type.text.length, message, {
    hint: `agent ${type.text}`,
  });
  return type;
}

function checkName(context: ParseContext, word: BlockWord, name: Identifier): void {
  if (!name.text.includes(":")) return;
  const message = `a ${word} is not named with its namespace; put body file control { namespace => "..."; } above it`;
  context.sink.reportAt("POLICY_QUALIFIED_NAME", name.position, name.text.length, message, {
    hint: name.text.slice(name.text.indexOf(":") + 1),
  });
}

function parseParameters(context: ParseContext): Identifier[] {
  const { lexer } = context;
  const names: Identifier[] = [];
  lexer.advance();
  while (lexer.kind === "word") {
    if (blockWords.has(lexer.tokenText())) {
      context.reportHere("POLICY_RESERVED_WORD", `\`${lexer.tokenText()}\` starts a block and cannot name a parameter`);
    }
    names.push(context.takeIdentifier());
    if (context.take(",")) continue;
    if (lexer.kind === "word")
      context.reportMissing("POLICY_MISSING_COMMA", "a comma is missing here, between two parameters");
  }
  if (context.take(")")) return names;
  const message = `${context.found()} is no parameter; parameters are plain names, divided by commas, ended by )`;
  context.reportHere("POLICY_BAD_PARAMETER", message);
  while (lexer.kind !== ")" && lexer.kind !== "{" && lexer.kind !== "}" && lexer.kind !== "end" && !context.atBlock()) {
    if (lexer.kind === "unterminated") context.leaveUnterminated();
    else lexer.advance();
  }
  context.take(")");
  return names;
}

/** True where the inside can be read: the brace is there, or its lack is reported and the inside begins all the same. */
function takeOpeningBrace(context: ParseContext, word: BlockWord, name: string): boolean {
  const { lexer } = context;
  if (context.take("{")) return true;
  const end = lexer.kind === "end" || context.atBlock();
  const message = `an opening { is missing after ${word} ${name}${end ? "" : `, before ${context.found()}`}`;
  context.reportMissing("POLICY_MISSING_BRACE", message);
  if (end || lexer.kind === "}") {
    context.take("}");
    return false;
  }
  if (lexer.kind === "unknown" || lexer.kind === ";" || lexer.kind === ")") lexer.advance();
  context.take("{");
  return true;
}

function closeBlock(context: ParseContext, what: string, open: number): void {
  if (context.take("}")) return;
  const related = [{ position: context.source.positionAt(open), message: `${what} opens here` }];
  const message = `${what} is not closed before ${context.lexer.kind === "end" ? "the end of the file" : "the next block"}; add }`;
  context.reportMissing("POLICY_MISSING_BRACE", message, { related });
}
