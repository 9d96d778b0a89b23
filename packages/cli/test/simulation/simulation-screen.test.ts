import { describe, expect, it } from "vitest";
import { Session } from "../../src/session.ts";
import { openScreen } from "../../src/simulation/simulation-screen.ts";
import type { SimulationStatus, StoryLine } from "../../src/simulation/simulation-status.ts";

/** A session whose output is kept. */
function sessionOn(isTerminal: boolean): { readonly session: Session; readonly output: () => string } {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  const sink = { isTerminal, columns: 80, write };
  const terminal = {
    ...{ stdout: sink, stderr: sink, environment: { NO_COLOR: "1" }, nowMs: () => 0 },
    interruptSignal: () => new AbortController().signal,
  };
  const unused = () => Promise.reject(new Error("not asked for here"));
  return { session: new Session({ terminal, run: unused, wholeProgram: unused }), output: () => written };
}

const status = (totalMs = 0): SimulationStatus => ({
  ...{ upMs: 1_000, profile: "fast", folder: "/tmp/x", guests: [], cuts: [], story: [] },
  hosts: [{ name: "h1", powered: true, agent: "running", deadMan: "running" }],
  overlap: { totalMs, intervals: 1 },
});
const line = (weight: StoryLine["weight"]): StoryLine => ({ atMs: 1, who: "h1", text: `a ${weight}`, weight });

describe("the screen of a simulation", () => {
  it("renews a view on a terminal, in a screen of its own, and gives the terminal back once", () => {
    const { session, output } = sessionOn(true);
    const screen = openScreen(session, "the footer");
    screen.tell(line("effect"));
    screen.show(status());
    screen.close();
    screen.close();
    expect(output().startsWith("\u001b[?1049h\u001b[?25l\u001b[Hberth sim   1 host ")).toBe(true);
    expect(output()).toContain("the footer");
    expect(output()).not.toContain("an effect");
    expect(output().split("\u001b[?1049l")).toHaveLength(2);
  });

  it("prints one line per happening where there is no terminal, and no control sequence", () => {
    const { session, output } = sessionOn(false);
    const screen = openScreen(session, "the footer");
    for (const weight of ["cause", "detail", "effect", "alarm"] as const) screen.tell(line(weight));
    for (const totalMs of [0, 0, 7, 7]) screen.show(status(totalMs));
    screen.close();
    expect(
      output()
        .split("\n")
        .map((text) => text.trim()),
    ).toEqual(["+0.001s  h1    a cause", "+0.001s  h1    a effect", "+0.001s  h1    a alarm", "OVERLAP 7 ms", ""]);
  });
});
