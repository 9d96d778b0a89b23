import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const checkout = fileURLToPath(new URL("../../..", import.meta.url));
/** A copy of the checkout, so that sources may be changed. What npm installed is shared. */
const copy = mkdtempSync(join(tmpdir(), "berth-bundle-"));
const cli = join(copy, "packages", "cli");
afterAll(() => rmSync(copy, { recursive: true }));

beforeAll(() => {
  for (const name of ["deploy", "packages", "tsconfig.json"]) {
    cpSync(join(checkout, name), join(copy, name), { recursive: true });
  }
  const modules = join(copy, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(checkout, "node_modules"))) {
    if (name !== "@berth" && name !== "node-libvirt")
      symlinkSync(join(checkout, "node_modules", name), join(modules, name));
  }
  cpSync(join(checkout, "node_modules", "@berth"), join(modules, "@berth"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  symlinkSync("../packages/node-libvirt", join(modules, "node-libvirt"));
  rmSync(join(cli, "dist"), { recursive: true, force: true });
  expect(run(process.execPath, join(cli, "build", "bundle.ts"))).toMatchObject({ status: 0 });
  // Whoever runs the bundle says so.
  appendFileSync(join(cli, "dist", "berth.mjs"), `\nprocess.stderr.write("bundled\\n");\n`);
});

function run(command: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("the bundle", () => {
  const launcher = join(cli, "bin", "berth.js");

  it("does what the sources do, the demonstration included", () => {
    const { status, stdout, stderr } = run(launcher, "demo", "--one-host");
    expect(status).toBe(0);
    expect(stderr).toMatch(/^bundled\n/);
    expect(stdout).toMatch(/shop-web1 +test +running +create/);
  });

  it("has the daemon in it: only the store, which looks for files beside its own, stays where npm put it", () => {
    const folder = join(cli, "dist");
    const code = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    const imported = code.flatMap((text) => [...text.matchAll(/^(?:import|export) .*from "([^."][^"]*)";$/gm)]);
    const libraries = imported.map(([, name = ""]) => name).filter((name) => !isBuiltin(name));
    expect(libraries).toEqual(["level"]);
    const { status, stderr } = run(launcher, "agent", "--config", join(copy, "no.yaml"));
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringMatching(/^bundled\n.*no\.yaml/) });
  });

  it("is left alone as soon as a source differs from what it was made of", () => {
    const manifest = join(cli, "package.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/"version": "[^"]*"/, '"version": "9.9.9"'));
    expect(run(launcher, "--version")).toEqual({ status: 0, stdout: "9.9.9\n", stderr: "" });
  });

  it("is not missed where it was never made", () => {
    rmSync(join(cli, "dist"), { recursive: true });
    expect(run(launcher, "--version")).toEqual({ status: 0, stdout: "9.9.9\n", stderr: "" });
  });
});
