/**
 * Lines on standard error that can do no harm. Node keeps in memory, without limit, what a hanging log daemon does not
 * read, and ends the process when the log daemon is gone. The dead-man must outlive both: lines that do not fit are
 * counted and dropped, and a log that is gone is done without.
 */
import type { Writable } from "node:stream";

/** Bytes that may wait for the reader. @default 256 KiB: thousands of lines */
const waitingMost = 256 * 1024;

/** Returns the function that writes one line. */
export function boundedLog(stream: Writable): (line: string) => void {
  let dropped = 0;
  stream.on("error", () => {});
  return (line) => {
    if (stream.writableLength > waitingMost) {
      dropped += 1;
      return;
    }
    if (dropped > 0) stream.write(`warning LOG_DROPPED ${dropped} lines were not written\n`);
    dropped = 0;
    stream.write(`${line}\n`);
  };
}
