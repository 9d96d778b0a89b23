import type { TokenRecord } from "@berth/agent/fleet/token-book";
import { formatDuration } from "../output/units.ts";
import type { Session } from "../session.ts";

/** A token just made: the only time that it is seen. */
export interface MadeToken {
  readonly text: string;
  readonly record: TokenRecord;
}

/** Prints tokens as data, one for each line, and says on stderr what they are good for. */
export function noteTokens(tokens: readonly MadeToken[], session: Session): void {
  for (const { text } of tokens) session.data(`${text}\n`);
  const [first] = tokens;
  if (first === undefined) return;
  const { createdMs, expiresMs } = first.record;
  const good = formatDuration((expiresMs - createdMs) / 1_000);
  const names = tokens.map(({ record }) => record.id).join(", ");
  session.note(
    tokens.length === 1
      ? `Token ${names}: for one host, good for ${good}. Not shown again.`
      : `Tokens ${names}: each for one host, good for ${good}. Not shown again.`,
  );
}
