import { CliError } from "./cli-error.ts";

/** What can be named as `kind/name`. */
export const thingKinds = ["guest", "host", "network"] as const;
export type ThingKind = (typeof thingKinds)[number];

/** One thing of the fleet. */
export interface ThingName {
  readonly kind: ThingKind;
  readonly name: string;
}

/**
 * `guest/web1` as typed and as `-o name` prints it; a bare name is a guest's.
 *
 * @throws CliError USAGE for a kind that does not exist
 */
export function parseThing(text: string): ThingName {
  const split = text.indexOf("/");
  if (split === -1) return { kind: "guest", name: text };
  const kind = thingKinds.find((one) => one === text.slice(0, split));
  const name = text.slice(split + 1);
  if (kind !== undefined && name !== "") return { kind, name };
  throw new CliError("USAGE", `"${text}" is not guest/NAME, host/NAME or network/NAME`, {
    unknown: { word: text.slice(0, split), known: thingKinds },
  });
}

/** As {@link parseThing}, for what is asked of guests only. @throws CliError USAGE */
export function parseGuest(text: string): string {
  const { kind, name } = parseThing(text);
  if (kind === "guest") return name;
  throw new CliError("USAGE", `a guest is needed, not ${kind}/${name}`);
}
