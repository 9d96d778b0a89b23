import { type GuestType, guestTypes } from "@berth/model";
import { AgentError } from "../agent-error.ts";
import type { BerthConfig } from "./berth-config.ts";

/** The part of a configuration that one source (flags, environment, one file) sets. */
export type PartialConfig = { readonly [Key in keyof BerthConfig]?: BerthConfig[Key] };

/** Adds a source of higher rank: its scalars win, its URIs win per type, its classes are added. */
export function overlay(lower: BerthConfig, higher: PartialConfig): BerthConfig {
  const set = Object.fromEntries(Object.entries(higher).filter(([, value]) => value !== undefined));
  return {
    ...lower,
    ...set,
    uris: { ...lower.uris, ...higher.uris },
    classes: [...new Set([...lower.classes, ...(higher.classes ?? [])])],
  };
}

/** `type=URI` as `--uri` and BERTH_URIS have it. @throws AgentError CONFIG_INVALID */
export function parseUriSetting(text: string): { type: GuestType; uri: string } {
  const split = text.indexOf("=");
  const type = text.slice(0, Math.max(split, 0));
  const uri = text.slice(split + 1);
  const known = guestTypes.find((candidate) => candidate === type);
  if (split < 1 || uri === "" || known === undefined) {
    throw new AgentError("CONFIG_INVALID", `"${text}" is not type=URI with type one of ${guestTypes.join(", ")}`, {
      remedy: "write it like kvm=qemu:///system",
    });
  }
  return { type: known, uri };
}

type Reader = (text: string) => PartialConfig;

/** One variable per setting; lists are separated by commas, as no class and no URI of libvirt holds one. */
const variables: Readonly<Record<string, Reader>> = {
  BERTH_URIS: (text) => ({
    uris: Object.fromEntries(
      listOf(text)
        .map(parseUriSetting)
        .map(({ type, uri }) => [type, uri]),
    ),
  }),
  BERTH_CLASSES: (text) => ({ classes: listOf(text).map((name) => className("BERTH_CLASSES", name)) }),
  BERTH_POLICY: (text) => ({ policyPath: text }),
  BERTH_STATE_DIR: (text) => ({ stateDir: text }),
  BERTH_SHUTDOWN_TIMEOUT: (text) => ({ shutdownTimeoutMs: secondsOf("BERTH_SHUTDOWN_TIMEOUT", text) * 1000 }),
  BERTH_NOT_OWNED_STATE: (text) => ({ notOwnedState: oneOf("BERTH_NOT_OWNED_STATE", text, ["down", "suspended"]) }),
  BERTH_IDENTITY_SEED: (text) => ({ identitySeed: text }),
  BERTH_ALLOW_EXECRESULT: (text) => ({ allowExecresult: booleanOf("BERTH_ALLOW_EXECRESULT", text) }),
  BERTH_EMBEDDED: (text) => ({ embedded: booleanOf("BERTH_EMBEDDED", text) }),
};

/** What the environment sets. @throws AgentError CONFIG_INVALID naming the variable */
export function environmentConfig(env: Readonly<Record<string, string | undefined>>): PartialConfig {
  let result: PartialConfig = {};
  for (const [name, read] of Object.entries(variables)) {
    const text = env[name];
    if (text !== undefined && text !== "") result = { ...result, ...read(text) };
  }
  return result;
}

function listOf(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function className(variable: string, name: string): string {
  if (/^[a-zA-Z0-9_]+$/.test(name)) return name;
  throw new AgentError("CONFIG_INVALID", `${variable}: "${name}" is not a class name of letters, digits and _`);
}

function secondsOf(variable: string, text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds >= 0 && text.trim() !== "") return seconds;
  throw new AgentError("CONFIG_INVALID", `${variable}: "${text}" is not a number of seconds`);
}

function oneOf<const Choice extends string>(variable: string, text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new AgentError("CONFIG_INVALID", `${variable}: "${text}" is not one of ${choices.join(", ")}`);
}

function booleanOf(variable: string, text: string): boolean {
  return oneOf(variable, text, ["true", "false", "1", "0"]) === "true" || text === "1";
}
