import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultAgentConfig } from "../src/config/agent-config.ts";
import { agentFileShape } from "../src/config/agent-config-file.ts";
import { readAgentConfig } from "../src/config/config-reader.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-agent-config-"));
  file = join(folder, "config.yaml");
  mkdirSync(join(folder, "conf.d"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("every key of the daemon reaches its setting", async () => {
  writeFileSync(
    file,
    `state_dir: /srv/berth
run_dir: /run/other
socket_group: libvirt
listen: [/ip4/192.0.2.7/tcp/7946]
peer_addresses: { h2: [/dns/h2.example.org/tcp/7946] }
mdns: true
network_key: /etc/berth/network.key
watchdog: /dev/watchdog1
http_listen: "127.0.0.1:9000"
pass_period: 10
guest_defaults: { mode: gossip, on_isolated: run }
guests: { db1: { mode: quorum, on_isolated: "pause_then_down:60", keep: newest_epoch } }
log_level: debug
weight: 2.5
remote_orders: false
`,
  );
  const { config, agent } = await readAgentConfig({ file, env: {} });
  expect(config.stateDir).toBe("/srv/berth");
  expect(agent).toEqual({
    runDir: "/run/other",
    socketPath: "/run/other/agent.sock",
    socketGroup: "libvirt",
    listen: ["/ip4/192.0.2.7/tcp/7946"],
    peerAddresses: { h2: ["/dns/h2.example.org/tcp/7946"] },
    mdns: true,
    networkKeyFile: "/etc/berth/network.key",
    watchdog: "/dev/watchdog1",
    httpListen: "127.0.0.1:9000",
    passPeriodSeconds: 10,
    guestDefaults: { mode: "gossip", onIsolated: { kind: "run" }, keep: "longest_running" },
    guestRules: {
      db1: { mode: "quorum", onIsolated: { kind: "pause-then-down", afterMs: 60_000 }, keep: "newest_epoch" },
    },
    logLevel: "debug",
    weight: 2.5,
    remoteOrders: false,
  });
});

test("without any source the defaults hold", async () => {
  writeFileSync(file, "");
  expect((await readAgentConfig({ file, env: {} })).agent).toEqual(defaultAgentConfig());
});

test("a flag wins over the environment, that over a fragment, that over the file", async () => {
  writeFileSync(file, "run_dir: /file\npass_period: 1\nlog_level: warn\nweight: 1\n");
  writeFileSync(join(folder, "conf.d", "10.yaml"), "pass_period: 2\nlog_level: error\nweight: 2\n");
  const env = { BERTH_LOG_LEVEL: "debug", BERTH_WEIGHT: "3", BERTH_HTTP_LISTEN: "off" };
  const { agent } = await readAgentConfig({ file, env, agentFlags: { weight: 4 } });
  expect(agent).toMatchObject({
    ...{ runDir: "/file", socketPath: "/file/agent.sock", passPeriodSeconds: 2, logLevel: "debug", weight: 4 },
    httpListen: "",
  });
});

test.each([
  ["guests: { web1: { on_isolated: later } }", "one of pause, down, pause_then_down:SECONDS, run is needed"],
  ["listen: [192.0.2.7:7946]", "an address is like /ip4/192.0.2.7/tcp/7946"],
  ["run_dir: run", "an absolute path is needed"],
  ["pass_period: 0", "pass_period"],
  ["sockets: /run/x", 'unknown key "sockets"'],
])("%s is refused with its place", async (text, finding) => {
  writeFileSync(file, text);
  const reading = readAgentConfig({ file, env: {} });
  await expect(reading).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  await expect(reading).rejects.toThrow(`${file}:1:`);
  await expect(reading).rejects.toThrow(finding);
});

test("a variable that says nothing usable is named", async () => {
  writeFileSync(file, "");
  await expect(readAgentConfig({ file, env: { BERTH_WEIGHT: "much" } })).rejects.toThrow("BERTH_WEIGHT");
});

test("docs/configuration.md names every key and every variable, and none besides", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name);
  const document = read("../../../docs/configuration.md");
  const schema = read("../src/config/config-file.ts").split("strictObject({")[1]?.split("\n});")[0] ?? "";
  const sources = read("../src/config/config-sources.ts") + read("../src/config/agent-config-sources.ts");
  const keys = [...Object.keys(agentFileShape), ...all(schema, /^ {2}(\w+):/gm)];
  expect(all(document, /^\| `(\w+)`/gm).toSorted()).toEqual(keys.toSorted());
  expect(all(document, /\| `(BERTH_\w+)`/g).toSorted()).toEqual(all(sources, /^ {2}(BERTH_\w+):/gm).toSorted());
});
