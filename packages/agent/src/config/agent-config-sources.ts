import { AgentError } from "../agent-error.ts";
import { type AgentConfig, defaultAgentConfig } from "./agent-config.ts";
import type { PartialAgentConfig } from "./agent-config-file.ts";

/** One source after the other, later ones win; exceptions of guests add up. The socket follows the run directory. */
export function resolveAgentConfig(sources: readonly PartialAgentConfig[]): AgentConfig {
  const last = <Key extends keyof PartialAgentConfig>(key: Key) =>
    sources.findLast((source) => source[key] !== undefined);
  let config = defaultAgentConfig(last("runDir")?.runDir);
  for (const { guestDefaults, guestRules, ...rest } of sources) {
    config = {
      ...config,
      ...rest,
      guestDefaults: { ...config.guestDefaults, ...guestDefaults },
      guestRules: { ...config.guestRules, ...guestRules },
    };
  }
  return config;
}

type Reader = (text: string, name: string) => PartialAgentConfig;

const levels = ["debug", "info", "warn", "error"] as const;

/** One variable per setting; lists are separated by commas. Addresses of single peers and rules of guests stand in files. */
const variables: Readonly<Record<string, Reader>> = {
  BERTH_RUN_DIR: (runDir) => ({ runDir }),
  BERTH_SOCKET: (socketPath) => ({ socketPath }),
  BERTH_SOCKET_GROUP: (socketGroup) => ({ socketGroup }),
  BERTH_LISTEN: (text) => ({ listen: text.split(",").map((address) => address.trim()) }),
  BERTH_MDNS: (text, name) => ({ mdns: oneOf(name, text, ["true", "false"]) === "true" }),
  BERTH_NETWORK_KEY: (networkKeyFile) => ({ networkKeyFile }),
  BERTH_WATCHDOG: (watchdog) => ({ watchdog }),
  BERTH_HTTP_LISTEN: (text) => ({ httpListen: text === "off" ? "" : text }),
  BERTH_PASS_PERIOD: (text, name) => ({ passPeriodSeconds: positive(name, text) }),
  BERTH_LOG_LEVEL: (text, name) => ({ logLevel: oneOf(name, text, levels) }),
  BERTH_WEIGHT: (text, name) => ({ weight: positive(name, text) }),
};

/** What the environment sets. @throws AgentError CONFIG_INVALID naming the variable */
export function environmentAgentConfig(env: Readonly<Record<string, string | undefined>>): PartialAgentConfig {
  let result: PartialAgentConfig = {};
  for (const [name, read] of Object.entries(variables)) {
    const text = env[name];
    if (text !== undefined && text !== "") result = { ...result, ...read(text, name) };
  }
  return result;
}

function positive(variable: string, text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw new AgentError("CONFIG_INVALID", `${variable}: "${text}" is not a positive number`);
}

function oneOf<const Choice extends string>(variable: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new AgentError("CONFIG_INVALID", `${variable}: "${text}" is not one of ${choices.join(", ")}`);
}
