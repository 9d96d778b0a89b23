/**
 * Which characters make words, guards and blanks. Everything above 0x7f counts as a letter, as bytes above 0x7f do in
 * CFEngine. The functions are for places that are rarely passed; the lexer's inner loops look into {@link wordTable}
 * themselves, because one command reads one policy and most of its code runs before it is compiled.
 */
const wordBit = 1;
const guardBit = 2;
const blankBit = 4;

const classes = buildClasses();

function buildClasses(): Uint8Array {
  const table = new Uint8Array(128);
  const add = (characters: string, bits: number): void => {
    for (let index = 0; index < characters.length; index++) {
      const code = characters.charCodeAt(index);
      table[code] = (table[code] ?? 0) | bits;
    }
  };
  add("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", wordBit | guardBit);
  add(".|&!():\t ", guardBit);
  add(" \t\r\n", blankBit);
  return table;
}

/** 1 for every UTF-16 code unit that may stand in a word, else 0. Reading past a text's end gives NaN, which is no index. */
export const wordTable = buildWordTable();

function buildWordTable(): Uint8Array {
  const table = new Uint8Array(0x10000).fill(1);
  for (let code = 0; code < 128; code++) table[code] = ((classes[code] ?? 0) & wordBit) === 0 ? 0 : 1;
  return table;
}

/** `[a-zA-Z0-9_]` and everything above 0x7f. False for NaN, which is what reading past the end gives. */
export function isWordCode(code: number): boolean {
  return code < 128 ? ((classes[code] ?? 0) & wordBit) !== 0 : code >= 128;
}

/** What may stand inside an unquoted guard: words, `.|&!():`, blanks and tabs. */
export function isGuardCode(code: number): boolean {
  return code < 128 ? ((classes[code] ?? 0) & guardBit) !== 0 : code >= 128;
}

/** Blank, tab, carriage return, line feed. */
export function isBlankCode(code: number): boolean {
  return code < 128 && ((classes[code] ?? 0) & blankBit) !== 0;
}
