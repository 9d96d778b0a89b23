import manifest from "../../package.json" with { type: "json" };

/** Release of the agent, as its package says. */
export const release: string = manifest.version;
