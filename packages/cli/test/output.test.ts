import { describe, expect, it } from "vitest";
import { painter, wantsColour } from "../src/output/colour.ts";
import { type ListView, renderList } from "../src/output/list-view.ts";
import { printable, printableLines } from "../src/output/printable.ts";
import { renderTable } from "../src/output/table.ts";
import { formatBytes, formatCount, formatDuration } from "../src/output/units.ts";

describe("sizes", () => {
  it.each([
    [0, "0B"],
    [1023, "1023B"],
    [1024, "1KiB"],
    [64 * 1024 * 1024, "64MiB"],
    [1.5 * 1024 ** 3, "1.5GiB"],
    [1024 ** 2 - 1, "1MiB"],
    [1000 ** 3, "953.7MiB"],
    [5 * 1024 ** 6, "5120PiB"],
  ])("shows %i bytes as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe("durations", () => {
  it.each([
    [-1, "0s"],
    [0.9, "0s"],
    [42, "42s"],
    [60, "1m"],
    [190, "3m10s"],
    [7_500, "2h5m"],
    [3_600, "1h"],
    [3_601, "1h"],
    [273_600, "3d4h"],
  ])("shows %d seconds as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it("counts nouns", () => {
    expect([formatCount(1, "guest"), formatCount(0, "guest")]).toEqual(["1 guest", "0 guests"]);
  });
});

describe("texts from outside", () => {
  it("shows control characters instead of obeying them", () => {
    expect(printable("web\u001b[2J\n\u0007\u202e")).toBe("web\\x1b[2J\\n\\x07\\u202e");
  });

  it("keeps the lines of a text that has lines", () => {
    expect(printableLines("a\n\tb\u001b")).toBe("a\n\tb\\x1b");
  });
});

describe("colour", () => {
  const pipe = { mode: "auto", noColor: undefined, term: "xterm", isTerminal: false } as const;
  it.each([
    [pipe, false],
    [{ ...pipe, isTerminal: true }, true],
    [{ ...pipe, isTerminal: true, noColor: "1" }, false],
    [{ ...pipe, isTerminal: true, noColor: "" }, true],
    [{ ...pipe, isTerminal: true, term: "dumb" }, false],
    [{ ...pipe, mode: "always", noColor: "1" } as const, true],
    [{ ...pipe, mode: "never", isTerminal: true } as const, false],
  ])("with %j is %s", (conditions, expected) => {
    expect(wantsColour(conditions)).toBe(expected);
  });
});

interface Item {
  readonly name: string;
  readonly state: string;
}
const items: readonly Item[] = [
  { name: "shop-web1", state: "running" },
  { name: "db\u001b", state: "failed" },
];
const view: ListView<Item> = {
  kind: "GuestList",
  columns: [
    { title: "NAME", cell: ({ name }) => name },
    { title: "STATE", cell: ({ state }) => state, coloured: true },
    { title: "NOTE", cell: () => "-", wide: true },
  ],
  name: ({ name }) => `guest/${name}`,
  json: ({ name }) => ({ name, memory_bytes: 1024 }),
};
const plain = { headers: true, paint: painter(false), asSeenBy: "h1" } as const;

describe("lists", () => {
  it("are tables without borders, without trailing blanks, and without control characters", async () => {
    expect(await renderList(view, items, { ...plain, format: "table" })).toBe(
      "NAME       STATE\nshop-web1  running\ndb\\x1b     failed\n",
    );
  });

  it("have further columns when wide", async () => {
    expect(await renderList(view, items.slice(0, 1), { ...plain, format: "wide" })).toBe(
      "NAME       STATE    NOTE\nshop-web1  running  -\n",
    );
  });

  it("leave the titles out where nobody wants them", async () => {
    expect(await renderList(view, items.slice(0, 1), { ...plain, headers: false, format: "table" })).toBe(
      "shop-web1  running\n",
    );
  });

  it("colour words without moving columns", () => {
    const text = renderTable(view.columns, items, { wide: true, headers: false, paint: painter(true) });
    expect(text).toBe("shop-web1  \u001b[32mrunning\u001b[0m  -\ndb\\x1b     \u001b[31mfailed\u001b[0m   -\n");
  });

  it("say nothing where there is nothing", async () => {
    expect(await renderList(view, [], { ...plain, format: "table" })).toBe("");
  });

  it("are names for other commands", async () => {
    expect(await renderList(view, items.slice(0, 1), { ...plain, format: "name" })).toBe("guest/shop-web1\n");
  });

  it("say in JSON who answers and what is missing", async () => {
    const unreachable = [{ host: "h1", type: "kvm", uri: "qemu:///system", reason: "no socket" }];
    const text = await renderList(view, items.slice(0, 1), {
      ...plain,
      format: "json",
      unreachable,
      extra: { more: 1 },
    });
    expect(JSON.parse(text)).toEqual({
      apiVersion: "berth/v1",
      kind: "GuestList",
      asSeenBy: "h1",
      partial: true,
      unreachable,
      items: [{ name: "shop-web1", memory_bytes: 1024 }],
      more: 1,
    });
  });

  it("say the same in YAML", async () => {
    expect(await renderList(view, items.slice(0, 1), { ...plain, format: "yaml" })).toBe(
      "apiVersion: berth/v1\nkind: GuestList\nasSeenBy: h1\npartial: false\nunreachable: []\nitems:\n  - name: shop-web1\n    memory_bytes: 1024\n",
    );
  });
});
