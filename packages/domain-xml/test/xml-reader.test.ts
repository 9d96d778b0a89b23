/** What the reader refuses and accepts, and that its memory of shapes never changes an answer. */
import { parseXml, parseXmlWithPlaces, writeXml, type XmlElement, xmlDepthMax, xmlLengthMax } from "@berth/domain-xml";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definitionPairs, root } from "./support/definition-pairs.ts";

describe("the reader refuses, with line and column,", () => {
  test.each([
    ["nothing", "", "XML_EMPTY", 1, 1],
    ["blanks and a comment", " \n<!-- x -->", "XML_EMPTY", 1, 1],
    ["two roots", "<a/>\n<b/>", "XML_SECOND_ROOT", 2, 1],
    ["text before the root", "x<a/>", "XML_MALFORMED", 1, 1],
    ["text after the root", "<a/>\nx", "XML_MALFORMED", 2, 1],
    ["an element that is never closed", "<a>\n <b>", "XML_MALFORMED", 2, 2],
    ["the wrong end tag", "<a>\n <b>\n</a>", "XML_MALFORMED", 3, 1],
    ["an end tag alone", "</a>", "XML_MALFORMED", 1, 1],
    ["an attribute without quotes", "<a b=1/>", "XML_MALFORMED", 1, 4],
    ["an attribute without value", "<a b/>", "XML_MALFORMED", 1, 4],
    ["an attribute twice", "<a b='1' b='2'/>", "XML_MALFORMED", 1, 10],
    ["attributes without a blank", "<a b='1'c='2'/>", "XML_MALFORMED", 1, 9],
    ["a < in a value", "<a b='<'/>", "XML_MALFORMED", 1, 7],
    ["a value that is never closed", "<a b='x/>", "XML_MALFORMED", 1, 3],
    ["a tag that is never closed", "<a b='x'", "XML_MALFORMED", 1, 1],
    ["a comment that is never closed", "<a><!-- ", "XML_MALFORMED", 1, 1],
    ["a document type", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "XML_DOCUMENT_TYPE", 1, 1],
    ["a document type inside", "<a><!DOCTYPE b></a>", "XML_DOCUMENT_TYPE", 1, 4],
    ["an unknown entity", "<a>\n  &nbsp;</a>", "XML_BAD_ENTITY", 2, 3],
    ["a bare &", "<a b='x & y'/>", "XML_BAD_ENTITY", 1, 9],
    ["a character XML forbids", "<a>\u0001</a>", "XML_MALFORMED", 1, 4],
    ["a reference to such a character", "<a>&#0;</a>", "XML_BAD_ENTITY", 1, 4],
    ["]]> in text", "<a>]]></a>", "XML_MALFORMED", 1, 4],
    ["a name that starts with a digit", "<1a/>", "XML_MALFORMED", 1, 4],
  ])("%s", (_title, text, code, line, column) => {
    const parse = parseXml(text);
    expect(
      parse.ok ? parse.root : { code: parse.problem.code, line: parse.problem.line, column: parse.problem.column },
    ).toEqual({
      code,
      line,
      column,
    });
  });

  test("a text that is too long", () => {
    expect(parseXml(`<a>${" ".repeat(xmlLengthMax)}</a>`)).toMatchObject({ problem: { code: "XML_TOO_LARGE" } });
  });

  test("elements that nest too deep", () => {
    const nested = (depth: number) => "<a>".repeat(depth) + "</a>".repeat(depth);
    expect(parseXml(nested(xmlDepthMax)).ok).toBe(true);
    expect(parseXml(nested(xmlDepthMax + 1))).toMatchObject({ problem: { code: "XML_TOO_DEEP" } });
  });
});

describe("the reader accepts", () => {
  test.each([
    ["an XML declaration and comments around the root", "<?xml version='1.0'?><!-- a --><a/><!-- b -->", "<a/>\n"],
    ["a byte order mark", "\ufeff<a/>", "<a/>\n"],
    ["blanks in tags", "<a  b = 'c'  ></a >", "<a b='c'/>\n"],
    ["character data", "<a><![CDATA[<b> & c]]></a>", "<a>&lt;b&gt; &amp; c</a>\n"],
    [
      "entities, which it decodes and the writer encodes",
      "<a b='&#10;&#x9;&quot;'>&lt;&amp;</a>",
      "<a b='&#10;&#9;&quot;'>&lt;&amp;</a>\n",
    ],
    ["line feeds in values, which are blanks", "<a b='c\nd'/>", "<a b='c d'/>\n"],
    ["names with prefixes and letters above ASCII", "<x:é a-b.c='1'/>", "<x:é a-b.c='1'/>\n"],
  ])("%s", (_title, text, written) => {
    expect(writeXml(root(text))).toBe(written);
  });
});

const name = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,5}$/);
const value = fc.string({ maxLength: 12, unit: fc.constantFrom(..."ab &<>'\"\n\t;#x é".split("")) });
const tree: fc.Memo<XmlElement> = fc.memo((depth) =>
  fc
    .record({
      name,
      attributes: fc
        .uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 3 })
        .map((list) => new Map(list)),
      children:
        depth <= 1
          ? fc.constant([])
          : fc.oneof(
              fc.array(tree(depth - 1), { maxLength: 3 }),
              value.map((text) => (text.trim() === "" ? [] : [text])),
            ),
    })
    .map((parts) => ({ ...parts, offset: -1 })),
);

/** Without offsets: a tree that was built has none. */
function bare(element: XmlElement): unknown {
  return [
    element.name,
    [...element.attributes],
    element.children.map((node) => (typeof node === "string" ? node : bare(node))),
  ];
}

test("what the writer wrote is read back as it was, every character of it", () => {
  fc.assert(
    fc.property(tree(4), (element) => {
      expect(bare(root(writeXml(element)))).toEqual(bare(element));
    }),
    { numRuns: 400 },
  );
});

describe("the memory of shapes", () => {
  const pieces = fc.constantFrom(
    "<a>",
    "</a>",
    "<b x='1'>",
    '<b y="2" x=\'q"\'>',
    "</b>",
    "<c/>",
    "<c z='&lt;'/>",
    " ",
    "text",
    '="v"',
    "='v'",
    "&amp;",
    "&",
    "<",
    ">",
    "'",
    "=",
    "<!-- x='1' -->",
    "<!--",
    "-->",
    "<![CDATA[",
    "<![CDATA[ y='1' > t < ]]>",
    "]]>",
    "<?p q='1'?>",
    "\n",
    "\t",
    "\r\n",
    "\ue000",
    "\u0001",
  );
  const outcome = (parse: ReturnType<typeof parseXml>) => (parse.ok ? bare(parse.root) : parse.problem);

  test("changes no answer: any text read by its shape is what it is read by itself, and nothing is thrown", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 14 }), (list) => {
        for (const text of [list.join(""), `<a>${list.join("")}</a>`]) {
          const direct = outcome(parseXmlWithPlaces(text));
          expect(outcome(parseXml(text))).toEqual(direct);
          expect(outcome(parseXml(text))).toEqual(direct);
        }
      }),
      { numRuns: 4000 },
    );
  });

  test("changes no answer for trees with any values", () => {
    fc.assert(
      fc.property(tree(4), (element) => {
        const text = writeXml(element);
        expect(outcome(parseXml(text))).toEqual(outcome(parseXmlWithPlaces(text)));
      }),
      { numRuns: 400 },
    );
  });

  test("fills a known shape with each text's own values", () => {
    const text = (one: string, two: string) => `<a x='${one}'><b>${two}</b></a>`;
    for (const [one, two] of [
      ["1", "2"],
      ["3", "4"],
      ["", "5"],
      ["1", "2"],
    ] as const) {
      expect(bare(root(text(one, two)))).toEqual(["a", [["x", one]], [["b", [], [two]]]]);
    }
  });

  test("is not used where values stand in comments or character data", () => {
    expect(bare(root("<a><!-- x='1' --><b><![CDATA[='1']]></b></a>"))).toEqual(["a", [], [["b", [], ["='1'"]]]]);
  });

  test("reads a thousand definitions of one template several times as fast as without it", () => {
    const [pair] = definitionPairs("qemu").filter((one) => one.name === "rich");
    const texts = Array.from({ length: 100 }, (_, index) =>
      (pair?.inactive ?? "").replace("<name>rich<", `<name>g${index}<`),
    );
    const time = (read: (text: string) => unknown) => {
      const start = performance.now();
      for (const text of texts) read(text);
      return performance.now() - start;
    };
    time(parseXml);
    expect(time(parseXmlWithPlaces) / time(parseXml)).toBeGreaterThan(3);
  });
});

test.each((["qemu", "test", "network"] as const).flatMap(definitionPairs))(
  "libvirt's own XML is written as it was read: $driver $name",
  ({ inactive }) => {
    const words = (text: string) => text.replaceAll('"', "'").replace(/>\s+</g, "><").trim();
    expect(words(writeXml(root(inactive)))).toBe(
      words(inactive).replace(/<([^\s/>]+)([^>]*[^/>])?><\/\1>/g, "<$1$2/>"),
    );
  },
);
