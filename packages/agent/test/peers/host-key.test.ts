import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { privateKeyFromRaw } from "@libp2p/crypto/keys";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHostKey, hostKeyFile, loadHostKey } from "../../src/peers/host-key.ts";
import { Libp2pNetwork } from "../../src/peers/libp2p-network.ts";
import { createNetworkKey, loadNetworkKey } from "../../src/peers/network-key.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-key-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = () => join(folder, hostKeyFile);

describe("a host's key", () => {
  it("is made once, for nobody else to read, and is the same for ever", async () => {
    const made = await loadHostKey(folder);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect((await loadHostKey(folder)).peerId).toBe(made.peerId);
  });

  it("is one and the same for two that ask at the same moment", async () => {
    const keys = await Promise.all([1, 2, 3, 4].map(() => loadHostKey(folder)));
    expect(new Set(keys.map(({ peerId }) => peerId)).size).toBe(1);
  });

  it("is refused when a byte of it is another, and not replaced", async () => {
    await loadHostKey(folder);
    const text = readFileSync(path(), "utf8");
    const at = text.indexOf(" ") + 10;
    const damaged = text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
    writeFileSync(path(), damaged);
    await expect(loadHostKey(folder)).rejects.toMatchObject({ code: "STATE_FILE_CORRUPT" });
    expect(readFileSync(path(), "utf8")).toBe(damaged);
  });

  it.each(["", "berth-host-key-1", "something else entirely\n"])("is refused when the file says %j", async (text) => {
    writeFileSync(path(), text, { mode: 0o600 });
    await expect(loadHostKey(folder)).rejects.toMatchObject({ code: "STATE_FILE_CORRUPT" });
  });

  it("is refused when others may read it, with the way to mend it", async () => {
    await loadHostKey(folder);
    chmodSync(path(), 0o640);
    const refused = { code: "STATE_FILE_CORRUPT", remedy: expect.stringContaining("chmod 0600") };
    await expect(loadHostKey(folder)).rejects.toMatchObject(refused);
  });

  it("signs the very bytes that libp2p would sign", async () => {
    const { privateKey } = await createHostKey();
    const message = Buffer.from("libp2p-pubsub:what a host says");
    const signature = await privateKey.sign(message);
    expect(signature).toEqual(await privateKeyFromRaw(privateKey.raw).sign(message));
    expect(await privateKey.publicKey.verify(message, signature)).toBe(true);
  });
});

describe("the private-network key", () => {
  it("is read as it was made, and anything else is refused", () => {
    const file = join(folder, "network.key");
    writeFileSync(file, createNetworkKey());
    expect(loadNetworkKey(file).length).toBe(95);
    writeFileSync(file, "secret\n");
    expect(() => loadNetworkKey(file)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => loadNetworkKey(`${file}.none`)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

describe("a network's settings", () => {
  const init = async () => ({
    fleet: "f",
    self: "h1",
    key: await createHostKey(),
    members: [],
    listen: [],
    fenceMs: 4_000,
  });

  it("refuse a fleet id that does not fit into a protocol's name", async () => {
    const settings = { ...(await init()), fleet: "a/b" };
    expect(() => new Libp2pNetwork(settings)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("refuse a member list with a wrong peer id or address, or a host that stands there twice", async () => {
    const settings = await init();
    const member = { hostId: "h2", peerId: (await createHostKey()).peerId, addresses: [], role: "voter" as const };
    for (const members of [[{ ...member, peerId: "nobody" }], [{ ...member, addresses: ["here"] }], [member, member]]) {
      expect(() => new Libp2pNetwork({ ...settings, members })).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID" }),
      );
    }
  });

  it("say what cannot be listened on", async () => {
    const network = new Libp2pNetwork({ ...(await init()), listen: ["/ip4/192.0.2.1/tcp/1"] });
    await expect(network.start()).rejects.toMatchObject({ code: "OPERATION_FAILED" });
    expect(network.send("h2", { kind: "config-notice" } as never)).toEqual({ kind: "dropped", reason: "not-started" });
  });
});
