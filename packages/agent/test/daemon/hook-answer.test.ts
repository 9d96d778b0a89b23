import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defaultAgentConfig } from "../../src/config/agent-config.ts";
import { hookAnswer } from "../../src/daemon/hook-answer.ts";
import { promisedGuestsPath, writePromisedGuests } from "../../src/daemon/promised-guests-file.ts";
import { checkedLine } from "../../src/store/checked-line.ts";
import { ownedGuestsPath } from "../../src/store/owned-guests-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-hook-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const answer = (guest: string, operation = "prepare", subOperation = "begin") =>
  hookAnswer({ guest, operation, subOperation, agent: defaultAgentConfig(folder), stateDir: folder });

describe("libvirt's hook without an agent", () => {
  test("lets a guest pass that Berth knows nothing of", async () => {
    expect(await answer("web1")).toEqual({ kind: "allowed" });
  });

  test("refuses a guest that this host owned, and says why", async () => {
    writeFileSync(ownedGuestsPath(folder), `${checkedLine(JSON.stringify(["web1"]))}\n`);
    const refused = await answer("web1");
    expect(refused).toMatchObject({ kind: "refused" });
    expect(JSON.stringify(refused)).toMatch(/web1 may run on another host.*does not answer.*start the agent first/);
    expect(await answer("web2")).toEqual({ kind: "allowed" });
  });

  test("refuses a guest that policy promised when the agent last ran, also before a reboot", async () => {
    writePromisedGuests(folder, ["web1"]);
    expect(await answer("web1")).toMatchObject({ kind: "refused" });
    expect(await answer("web2")).toEqual({ kind: "allowed" });
  });

  test.each([
    ["owned", ownedGuestsPath],
    ["promised", promisedGuestsPath],
  ])("refuses every guest while the list of %s guests is damaged", async (_, pathOf) => {
    writeFileSync(pathOf(folder), "00000000 []\n");
    expect(await answer("web1")).toMatchObject({ kind: "refused" });
  });

  test.each([
    ["stopped", "end"],
    ["release", "end"],
    ["prepare", "end"],
    ["started", "begin"],
  ])("does not hold up %s %s", async (operation, subOperation) => {
    writePromisedGuests(folder, ["web1"]);
    expect(await answer("web1", operation, subOperation)).toEqual({ kind: "allowed" });
  });
});
