/**
 * Stands in for an agent: moves the deadline forward ten times a second, for as long as it lives.
 * Arguments: run directory, length of a lease in milliseconds, guests as JSON.
 */
import { argv } from "node:process";
import { after } from "@berth/claims";
import { readBootId } from "../src/clock/boot-id.ts";
import { openHostClock } from "../src/clock/host-clock.ts";
import { openDeadManLink } from "../src/dead-man/file-link.ts";

const [runDir = "", fenceMs = "", guests = "[]"] = argv.slice(2);
const bootId = readBootId();
const clock = await openHostClock();
const link = openDeadManLink(runDir, bootId);
function feed(): void {
  const deadline = after(clock.now(), Number(fenceMs));
  link.writeFeed({ bootId, deadline, killMs: 5_000, stopMs: 10_000, pollMs: 50, guests: JSON.parse(guests) });
}
feed();
setInterval(feed, 100);
