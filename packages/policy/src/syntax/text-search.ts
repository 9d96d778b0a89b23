/** Where a text that lost a quote was meant to end: the next mark behind which only blanks stand before a statement's end. */

/** The next `quote` before a `;`, `,` or `}`, or -1. */
export function closingQuote(text: string, quote: string, from: number): number {
  return markBefore(text, quote, ";,}", from);
}

/** The next `>` before a `;` or `,`, or -1. */
export function closingAngle(text: string, from: number): number {
  return markBefore(text, ">", ";,", from);
}

function markBefore(text: string, mark: string, ends: string, from: number): number {
  for (let at = text.indexOf(mark, from); at !== -1; at = text.indexOf(mark, at + 1)) {
    let next = at + 1;
    while (next < text.length && " \t".includes(text[next] ?? "")) next++;
    if (next < text.length && ends.includes(text[next] ?? "")) return at;
  }
  return -1;
}
