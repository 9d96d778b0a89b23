import { describe, expect, it } from "vitest";
import { createAgentLog } from "../../src/logging/agent-log.ts";

function kept(level: "debug" | "info" = "info") {
  const texts: string[] = [];
  const log = createAgentLog({ level, destination: { write: (text) => void texts.push(text) } });
  return { log, lines: () => texts.map((text) => JSON.parse(text) as Record<string, unknown>), texts };
}

describe("the log", () => {
  it("is one JSON object per line, with a stable code and a text", () => {
    const { log, lines } = kept();
    log.info("STARTED", "the agent has started", { host: "h1" });
    expect(lines()[0]).toMatchObject({ level: "info", code: "STARTED", msg: "the agent has started", host: "h1" });
    expect(lines()[0]?.time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it("leaves out what is below its level", () => {
    const { log, texts } = kept();
    log.debug("X", "x");
    expect(texts).toEqual([]);
  });

  it("never shows what is named like a secret, one level down neither", () => {
    const { log, texts } = kept();
    log.warn("X", "x", {
      token: "hunter2",
      joined: { secret: "hunter2", password: "hunter2" },
      xml: "<passwd='hunter2'/>",
    });
    expect(texts.join("")).not.toContain("hunter2");
    expect(texts.join("")).toContain("***");
  });

  it("puts the fields of a child on each of its lines", () => {
    const { log, lines } = kept();
    log.child({ part: "peers" }).info("X", "x");
    expect(lines()[0]).toMatchObject({ part: "peers" });
  });
});
