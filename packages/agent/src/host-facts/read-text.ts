import { readFileSync } from "node:fs";
import { AgentError, reasonOf } from "../agent-error.ts";

/** What the system says when it cannot read now what is there: too many open files, no memory, a failing disk. */
const passing: ReadonlySet<string | undefined> = new Set(["EMFILE", "ENFILE", "ENOMEM", "EIO"]);

/**
 * The text of a file of the system that may be absent: a host without it simply lacks that fact. One that cannot be read just
 * now is not absent: classes would fall with it, and guests be sent away.
 *
 * @throws AgentError STATE_FILE_UNAVAILABLE
 */
export function readTextOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (!passing.has((cause as NodeJS.ErrnoException).code)) return undefined;
    throw new AgentError("STATE_FILE_UNAVAILABLE", `${path} cannot be read now: ${reasonOf(cause)}`, {
      cause,
      remedy: "look after the disk, or after the limit of open files (LimitNOFILE)",
    });
  }
}
