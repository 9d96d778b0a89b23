// Preloaded into the pinned node, this makes it pass for an older one: the launcher then has to start the right one.
Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.0.0" } });
