/**
 * "Did you mean": the known word that takes the fewest typing slips (insert, drop, replace or swap a letter) to reach.
 * Only near misses count: a suggestion that needs a third of the word rewritten helps nobody.
 */

/** Longest word that is compared; a longer one is no typing slip. */
const lengthMax = 64;

/**
 * @returns the candidate nearest to `word`, or undefined where none is near. A candidate that differs only by case, or by
 * `-` and `_`, always counts. Of equally near ones the first in the order of `candidates`.
 */
export function closestWord(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length === 0 || word.length > lengthMax) return undefined;
  const folded = fold(word);
  const slipsMax = word.length <= 3 ? 1 : word.length <= 7 ? 2 : 3;
  let best: string | undefined;
  let bestSlips = slipsMax + 1;
  for (const candidate of candidates) {
    if (candidate === word || candidate.length > lengthMax) continue;
    if (Math.abs(candidate.length - word.length) >= bestSlips) continue;
    const slips = slipsBetween(folded, fold(candidate));
    if (slips < bestSlips && slips * 2 <= Math.max(word.length, 2)) {
      best = candidate;
      bestSlips = slips;
    }
  }
  return best;
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll("-", "_");
}

/** Damerau-Levenshtein distance, the variant in which no letter is edited twice. */
function slipsBetween(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
