/** libvirt XML: read, check, compare only what policy says, merge, build. Nothing here acts. */
export * from "./comparison-cache.ts";
export * from "./xml-tree.ts";
