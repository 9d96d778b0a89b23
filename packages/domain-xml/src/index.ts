/** libvirt XML: read, check, compare only what policy says, merge, build. Nothing here acts. */
export * from "./comparison-cache.ts";
export * from "./definition-difference.ts";
export * from "./memory-size.ts";
export * from "./spec-check.ts";
export * from "./spec-place.ts";
export * from "./uuid.ts";
export * from "./xml-reader.ts";
export * from "./xml-tree.ts";
export * from "./xml-writer.ts";
