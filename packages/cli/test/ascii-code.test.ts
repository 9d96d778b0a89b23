import { describe, expect, it } from "vitest";
import { asciiCode } from "../build/ascii-code.ts";

describe("code in ASCII", () => {
  it.each([
    ["a string", '"pino – redact"'],
    ["characters beyond the first plane", '"🚀🪐".length'],
    ["a template", "`‖ paused…`"],
    ["a regular expression", '"a–b".replace(/–/, "-")'],
    ["a class of characters in Unicode mode", '"x🚀y".replace(/[🚀🪐]/u, "-")'],
    ["an identifier", "(() => { const größe = 3; return größe; })()"],
  ])("means the same: %s", (_what, code) => {
    const ascii = asciiCode(code);
    expect(ascii).toMatch(/^[\0-\x7f]*$/);
    // biome-ignore lint/security/noGlobalEval: what a program means shows when it runs
    expect(globalThis.eval(ascii)).toEqual(globalThis.eval(code));
  });
});
