/** The policy and the configuration of a test's fleet, as text. */
import { tickingGuestXml } from "./ticking-guest.ts";

/** One promised guest. */
export interface GuestPromise {
  readonly name: string;
  /** Class expression of the hosts that may run it. @default "any" */
  readonly host?: string;
  /** @default "running" */
  readonly state?: "create" | "running" | "suspended" | "down" | "delete";
  /** Items of `meta`, such as `mode=gossip`. @default none */
  readonly meta?: readonly string[];
}

/** Classes that a host has while the file `/etc/berth/class-NAME` is there. */
export const fileClasses = ["web", "store"] as const;

/** The same text on every host; quotes inside the XML are single ones. */
export function fleetPolicy(guests: readonly GuestPromise[]): string {
  const classes = fileClasses.map((name) => `  "${name}" expression => fileexists("/etc/berth/class-${name}");\n`);
  const promises = guests.map((guest) => {
    const attributes = [
      `environment_resources => ${bodyName(guest.name)}`,
      'environment_type => "kvm"',
      `environment_host => "${guest.host ?? "any"}"`,
      `environment_state => "${guest.state ?? "running"}"`,
      ...(guest.meta === undefined ? [] : [`meta => { ${guest.meta.map((item) => `"${item}"`).join(", ")} }`]),
    ];
    return `  "${guest.name}"\n    ${attributes.join(",\n    ")};\n`;
  });
  const bodies = guests.map(({ name }) => {
    return `body environment_resources ${bodyName(name)}\n{\n  env_spec => "${tickingGuestXml({ name, uuid: uuidOf(name) })}";\n}\n`;
  });
  return `body common control { bundlesequence => { "fleet" }; }

bundle agent fleet
{
classes:
${classes.join("")}
guest_environments:
${promises.join("\n")}}

${bodies.join("\n")}`;
}

/** A test's guests do not listen to a request to power off, so it is soon given up. */
export function fleetConfig(more: readonly string[]): string {
  return ["shutdown_timeout: 1", 'http_listen: ""', ...more, ""].join("\n");
}

/** The same on every host, and known beforehand: guests are also started by hand in tests. */
export function uuidOf(guest: string): string {
  const digits = Buffer.from(guest).toString("hex").slice(-12).padStart(12, "0");
  return `be570000-0000-4000-8000-${digits}`;
}

function bodyName(guest: string): string {
  return guest.replaceAll("-", "_");
}
