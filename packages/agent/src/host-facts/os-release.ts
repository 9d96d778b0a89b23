/** What os-release(5) says of the distribution. */
export interface Distribution {
  readonly id: string;
  readonly versionId?: string;
  readonly codename?: string;
}

/** Reads os-release(5): `KEY=value` lines, values bare or in single or double quotes. */
export function parseOsRelease(text: string): Distribution | undefined {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Z0-9_]+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line.trim());
    if (match?.[1] !== undefined) values.set(match[1], match[2] ?? match[3] ?? match[4] ?? "");
  }
  const id = values.get("ID");
  const versionId = values.get("VERSION_ID");
  const codename = values.get("VERSION_CODENAME");
  if (id === undefined || id === "") return undefined;
  return { id, ...(versionId && { versionId }), ...(codename && { codename }) };
}
