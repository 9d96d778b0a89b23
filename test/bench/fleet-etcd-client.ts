/** Runs inside a host of the bench: `node fleet-etcd-client.ts URL COUNT`, times in milliseconds as JSON on stdout. */
import { Agent, request } from "node:http";

const [url = "", count = "100"] = process.argv.slice(2);
// One connection that stays, as a client library has it.
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function ask(path: string, body: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method: "POST", agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`${path}: ${response.statusCode} ${text}`));
      });
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(body));
  });
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

const inBase64 = (text: string) => Buffer.from(text).toString("base64");
const { ID: lease } = await ask("/v3/lease/grant", { TTL: 600 });
const writes: number[] = [];
const locks: number[] = [];
for (let index = 0; index < Number(count); index += 1) {
  writes.push(await timed(() => ask("/v3/kv/put", { key: inBase64(`key-${index}`), value: inBase64("h1") })));
  locks.push(await timed(() => ask("/v3/lock/lock", { name: inBase64(`lock-${index}`), lease })));
}
agent.destroy();
const sorted = (times: number[]) => times.sort((a, b) => a - b);
process.stdout.write(JSON.stringify({ writes: sorted(writes), locks: sorted(locks) }));
