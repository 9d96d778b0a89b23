/**
 * Policies for tests: text made from a table of guests and networks, so that a test says what it promises in one line
 * for each.
 */
export interface GuestLine {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  /** @default "any": the class holds everywhere */
  readonly host?: string;
  /** Body attributes such as `env_cpus => "2"`; quotes inside XML must be `'`. @default none */
  readonly resources?: Readonly<Record<string, string>>;
  readonly interface?: Readonly<Record<string, string>>;
  /** Body attributes such as `ifelapsed => "5"`. @default none */
  readonly action?: Readonly<Record<string, string>>;
  /** Further attributes such as `handle => "x"`. @default none */
  readonly extra?: Readonly<Record<string, string>>;
}

/** A policy of one bundle that promises these lines. */
export function fleetPolicy(lines: readonly GuestLine[]): string {
  const bodies: string[] = [];
  const body = (kind: string, name: string, attributes: Readonly<Record<string, string>>) => {
    const inner = Object.entries(attributes).map(([key, value]) => `  ${key} => ${quoted(value)};`);
    bodies.push(`body ${kind} ${name}\n{\n${inner.join("\n")}\n}\n`);
    return name;
  };
  const promises = lines.map((line, index) => {
    const attributes = [
      `environment_type => "${line.type}"`,
      `environment_host => "${line.host ?? "any"}"`,
      `environment_state => "${line.state}"`,
    ];
    if (line.resources !== undefined) {
      attributes.push(
        `environment_resources => ${body("environment_resources", `resources_${index}`, line.resources)}`,
      );
    }
    if (line.interface !== undefined) {
      attributes.push(
        `environment_interface => ${body("environment_interface", `interface_${index}`, line.interface)}`,
      );
    }
    if (line.action !== undefined) attributes.push(`action => ${body("action", `action_${index}`, line.action)}`);
    for (const [key, value] of Object.entries(line.extra ?? {})) attributes.push(`${key} => ${quoted(value)}`);
    return `  "${line.name}"\n    ${attributes.join(",\n    ")};\n`;
  });
  return `body common control { bundlesequence => { "fleet" }; }

bundle agent fleet
{
guest_environments:
${promises.join("\n")}}

${bodies.join("\n")}`;
}

/** Lists, calls and names of bodies stand as they are; everything else in double quotes. */
function quoted(value: string): string {
  return /^(\{.*\}|@.*)$/s.test(value) ? value : `"${value.replaceAll('"', '\\"')}"`;
}
