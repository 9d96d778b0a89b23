import { describe, expect, it } from "vitest";
import { commandTable } from "../src/command-table.ts";
import { run } from "./terminal-double.ts";

describe("the command line", () => {
  it("without a command shows what there is and counts as a mistake", async () => {
    const { exitCode, stdout, stderr } = await run([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
    for (const { name, summary } of commandTable) expect(stderr).toMatch(new RegExp(`${name} .*${summary}`));
  });

  it.each([["--help"], ["-h"], ["help"]])(
    "answers %s on stdout, with the first steps and the exit codes",
    async (word) => {
      const { exitCode, stdout, stderr } = await run([word]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toContain("berth converge -n -f site.cf");
      expect(stdout).toContain("64 the command line is wrong");
    },
  );

  it("tells its version", async () => {
    expect(await run(["--version"])).toEqual({ exitCode: 0, stdout: "0.1.0\n", stderr: "" });
  });

  it.each(commandTable.map(({ name }) => name))("explains %s", async (name) => {
    const { exitCode, stdout } = await run([name, "--help"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`Usage: berth ${name}`);
    expect(stdout.split("\n").filter((line) => line.length > 120)).toEqual([]);
  });

  it.each<[string[], string]>([
    [["chekc", "x.cf"], "berth: unknown command 'chekc'\n  Did you mean check?\n  See `berth --help`.\n"],
    [
      ["converge", "--dryrun"],
      "berth converge: unknown option '--dryrun'\n  Did you mean --dry-run?\n  See `berth converge --help`.\n",
    ],
    [
      ["classes", "-o", "jsno"],
      'berth classes: --output is one of table, wide, json, yaml, name, not "jsno"\n' +
        "  Did you mean json?\n  See `berth classes --help`.\n",
    ],
    [
      ["get", "guets"],
      'berth get: <kind> is one of guests, hosts, networks, claims, promises, not "guets"\n' +
        "  Did you mean guests?\n  See `berth get --help`.\n",
    ],
    [["fleet", "join"], "berth fleet join: missing required argument 'token'\n  See `berth fleet join --help`.\n"],
    [
      ["token", "create", "--ttl", "0s"],
      "berth token create: --ttl: a token that is good for 0s opens nothing\n  See `berth token create --help`.\n",
    ],
    [["check"], "berth check: missing required argument 'file'\n  See `berth check --help`.\n"],
    [
      ["converge", "-D", "a-b", "x.cf"],
      "berth converge: option '-D, --define <class>' argument 'a-b' is invalid. \"a-b\" is not a class name: " +
        "letters, digits and _ only.\n  See `berth converge --help`.\n",
    ],
    [
      ["classes", "--uri", "qemu:///system"],
      'berth classes: --uri: "qemu:///system" is not type=URI with type one of xen, kvm, esx, vbox, test\n' +
        "  See `berth classes --help`.\n",
    ],
    [
      ["--color=blue", "classes"],
      'berth classes: --color is one of auto, always, never, not "blue"\n  See `berth classes --help`.\n',
    ],
  ])("refuses %j with 64 and says what was probably meant", async (argv, stderr) => {
    expect(await run(argv)).toEqual({ exitCode: 64, stdout: "", stderr });
  });

  it.each(["fleet", "token", "keys", "sim"])("shows what %s can do when nothing is asked of it", async (name) => {
    const { exitCode, stdout, stderr } = await run([name]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^Usage: berth ${name} [\\s\\S]*Commands:`));
  });

  it("tells apart what is wrong with the host from what is wrong with the command line", async () => {
    const { exitCode, stderr } = await run(["converge", "--config", "/nonexistent/berth.yaml", "x.cf"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^berth converge: \/nonexistent\/berth\.yaml: .* \(CONFIG_INVALID\)\n/);
  });
});
