import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { run } from "./terminal-double.ts";

/** What bash offers after `words`, the last of which is being typed. */
async function completions(words: readonly string[]): Promise<string[]> {
  const { stdout: script } = await run(["completion", "bash"]);
  const list = words.map((word) => `'${word}'`).join(" ");
  const ask = `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _berth; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", `${script}\n${ask}`], { encoding: "utf8" })
    .split("\n")
    .filter(Boolean);
}

describe("completion in bash", () => {
  it("offers commands", async () => {
    expect(await completions(["berth", "c"])).toEqual(["check", "converge", "confirm-dead", "classes", "completion"]);
  });

  it("offers the options of the command that was typed", async () => {
    expect(await completions(["berth", "plan", "--de"])).toEqual(["--detailed-exitcode", "--define"]);
    expect(await completions(["berth", "check", "--de"])).toEqual(["--define"]);
  });

  it("offers the values of an option", async () => {
    expect(await completions(["berth", "get", "guests", "-o", "j"])).toEqual(["json"]);
  });

  it("offers the values of an argument", async () => {
    expect(await completions(["berth", "get", "ne"])).toEqual(["networks"]);
  });

  it("offers files where a file is wanted", async () => {
    expect(await completions(["berth", "check", "/etc/host"])).toContain("/etc/hosts");
    expect(await completions(["berth", "converge", "-f", "/etc/host"])).toContain("/etc/hosts");
  });
});

describe("completion in zsh and fish", () => {
  it("names every command with its summary and every option with its values", async () => {
    const { stdout: zsh } = await run(["completion", "zsh"]);
    expect(zsh).toContain("'check:find mistakes in policy files'");
    expect(zsh).toContain("'*--output[how to print]:value:(table wide json yaml name)'");
    const { stdout: fish } = await run(["completion", "fish"]);
    expect(fish).toContain("complete -c berth -n '__fish_use_subcommand' -a check -d 'find mistakes in policy files'");
    expect(fish).toContain("-s o -l output -d 'how to print' -x -a 'table wide json yaml name'");
  });
});
