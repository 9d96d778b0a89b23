import type { OnIsolated } from "@berth/claims";

/** `pause`, `down`, `pause_then_down:60`, `run`; undefined for anything else. */
export function parseOnIsolated(text: string): OnIsolated | undefined {
  if (text === "pause" || text === "down" || text === "run") return { kind: text };
  const seconds = /^pause_then_down:(\d{1,6}(?:\.\d{1,3})?)$/.exec(text)?.[1];
  return seconds === undefined ? undefined : { kind: "pause-then-down", afterMs: Number(seconds) * 1000 };
}
