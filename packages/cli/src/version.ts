import manifest from "../package.json" with { type: "json" };

/** Berth's version, as its package says. */
export const version: string = manifest.version;
