import { fileURLToPath } from "node:url";

/** The launcher of this `berth`, to start another one with. This file lies as deep as the bundle does, so that both find it. */
export const launcher: string = fileURLToPath(new URL("../bin/berth.js", import.meta.url));
