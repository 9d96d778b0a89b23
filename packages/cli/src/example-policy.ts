import { fileURLToPath } from "node:url";

/** The policy that the demonstration carries out. This file lies as deep as the bundle does, so that both find it. */
export const examplePolicy: string = fileURLToPath(new URL("../../../deploy/examples/web-shop.cf", import.meta.url));
