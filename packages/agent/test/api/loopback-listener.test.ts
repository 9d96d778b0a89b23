/** Health, readiness and metrics over HTTP on loopback. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ApiGround } from "./api-ground.ts";
import { oneHost, shownAgent } from "./shown-agent.ts";

let ground: ApiGround;
beforeEach(() => {
  ground = new ApiGround();
});

describe("the loopback listener", () => {
  const get = async (address: string, path: string, headers: Record<string, string> = {}, method = "GET") => {
    const [host, port] = address.split(":");
    return await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const asked = request({ host, port, path, headers, method, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      });
      asked.on("error", reject);
      asked.end();
    });
  };

  it("has health, readiness and metrics, and nothing else", async () => {
    const { api } = await ground.serve({ httpListen: "127.0.0.1:0" });
    const address = api.httpAddress ?? "";
    expect(await get(address, "/healthz")).toEqual({ status: 200, text: "ok\n" });
    expect(await get(address, "/readyz")).toEqual({ status: 200, text: "ready\n" });
    expect((await get(address, "/metrics")).text).toContain('berth_claim_held{domain="web1",uuid="5e1d"} 1');
    expect((await get(address, "/v1/status")).status).toBe(404);
    expect((await get(address, "/v1/operate", {}, "POST")).status).toBe(405);
  });

  it("does not answer a page that came in under a name of its own", async () => {
    const { api } = await ground.serve({ httpListen: "127.0.0.1:0" });
    expect((await get(api.httpAddress ?? "", "/metrics", { host: "evil.example" })).status).toBe(403);
    expect((await get(api.httpAddress ?? "", "/metrics", { host: "localhost:7948" })).status).toBe(200);
  });

  it("is not opened on an address that others reach", async () => {
    await expect(ground.serve({ httpListen: "0.0.0.0:0" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(existsSync(ground.socketPath)).toBe(false);
  });

  it("is missed, and said to be, where its port is taken: the agent goes on", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void taken.close());
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const { api, lines, client } = await ground.serve({ httpListen: `127.0.0.1:${port}` });
    expect(api.httpAddress).toBeUndefined();
    expect(lines).toContainEqual(expect.objectContaining({ code: "HTTP_LISTEN", level: "error" }));
    expect((await client.status()).asSeenBy).toBe("h1");
  });

  it("says what a host lacks that is not ready", async () => {
    const agent = shownAgent(() => oneHost({ hypervisorProblem: "no libvirtd", deadMan: { sign: "silent" } }));
    const { api } = await ground.serve({ agent, httpListen: "127.0.0.1:0" });
    expect(await get(api.httpAddress ?? "", "/readyz")).toEqual({
      status: 503,
      text: "hypervisor: no libvirtd\ndead-man: silent\n",
    });
  });
});
