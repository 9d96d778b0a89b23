/** libvirt XML: read, check, compare only what policy says, merge, build. Nothing here acts. */
export * from "./comparison-cache.ts";
export * from "./definition-difference.ts";
export * from "./definition-facts.ts";
export * from "./definition-merge.ts";
export * from "./domain-builder.ts";
export * from "./guest-identity.ts";
export * from "./host-capabilities.ts";
export * from "./memory-size.ts";
export type { DefinitionView } from "./runtime-parts.ts";
export * from "./spec-check.ts";
export * from "./spec-place.ts";
export * from "./uuid.ts";
export type { XmlProblem, XmlProblemCode } from "./xml-problem.ts";
export * from "./xml-reader.ts";
export * from "./xml-tree.ts";
export * from "./xml-writer.ts";
