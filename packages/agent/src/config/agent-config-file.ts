import type { OnIsolated } from "@berth/claims";
import * as z from "zod";
import type { AgentConfig, GuestRule } from "./agent-config.ts";
import { parseOnIsolated } from "./on-isolated.ts";

/** The part of the daemon's settings that one source sets. Rules of guests add up, the rest replaces. */
export type PartialAgentConfig = {
  readonly [Key in Exclude<keyof AgentConfig, "guestDefaults">]?: AgentConfig[Key];
} & { readonly guestDefaults?: Partial<GuestRule> };

const absolutePath = z.string().startsWith("/", "an absolute path is needed");
const address = z
  .string()
  .regex(/^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d{1,5}$/, "an address is like /ip4/192.0.2.7/tcp/7946");
const onIsolated = z.string().transform((text, context): OnIsolated => {
  const parsed = parseOnIsolated(text);
  if (parsed !== undefined) return parsed;
  context.addIssue("one of pause, down, pause_then_down:SECONDS, run is needed");
  return z.NEVER;
});
const guestRule = z.strictObject({
  mode: z.enum(["quorum", "gossip"]).optional(),
  on_isolated: onIsolated.optional(),
  keep: z.enum(["longest_running", "newest_epoch"]).optional(),
});

/** Keys of the daemon in the configuration file, beside those of every command. */
export const agentFileShape = {
  run_dir: absolutePath.optional(),
  socket: absolutePath.optional(),
  socket_group: z.string().max(64).optional(),
  listen: z.array(address).optional(),
  peer_addresses: z.record(z.string().min(1), z.array(address)).optional(),
  mdns: z.boolean().optional(),
  network_key: absolutePath.optional(),
  watchdog: absolutePath.optional(),
  http_listen: z
    .string()
    .regex(/^$|^[^\s]+:\d{1,5}$/, "host:port is needed, or an empty text to turn it off")
    .optional(),
  pass_period: z.number().min(1).max(86_400).optional(),
  guest_defaults: guestRule.optional(),
  guests: z.record(z.string().min(1), guestRule).optional(),
  log_level: z.enum(["debug", "info", "warn", "error"]).optional(),
  remote_orders: z.boolean().optional(),
  weight: z.number().positive().max(1000).optional(),
};

/** What those keys hold. */
export type AgentFileContent = z.infer<z.ZodObject<typeof agentFileShape>>;

/** The settings that a file sets. */
export function toAgentConfig(content: AgentFileContent): PartialAgentConfig {
  const { guests } = content;
  const set = {
    runDir: content.run_dir,
    socketPath: content.socket,
    socketGroup: content.socket_group,
    listen: content.listen,
    peerAddresses: content.peer_addresses,
    mdns: content.mdns,
    networkKeyFile: content.network_key,
    watchdog: content.watchdog,
    httpListen: content.http_listen,
    passPeriodSeconds: content.pass_period,
    guestDefaults: content.guest_defaults && toRule(content.guest_defaults),
    guestRules: guests && Object.fromEntries(Object.entries(guests).map(([name, rule]) => [name, toRule(rule)])),
    logLevel: content.log_level,
    remoteOrders: content.remote_orders,
    weight: content.weight,
  };
  return Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined)) as PartialAgentConfig;
}

function toRule(rule: z.infer<typeof guestRule>): Partial<GuestRule> {
  return {
    ...(rule.mode === undefined ? {} : { mode: rule.mode }),
    ...(rule.on_isolated === undefined ? {} : { onIsolated: rule.on_isolated }),
    ...(rule.keep === undefined ? {} : { keep: rule.keep }),
  };
}
