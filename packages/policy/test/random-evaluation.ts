import fc from "fast-check";

/**
 * Random policies whose reports two evaluators must agree on. They stay within what is comparable: no facts of the host, no
 * order that CFEngine leaves to chance (indices of arrays), and no class named after a list that nobody defined: CFEngine makes
 * `on___l0_` of an unknown `on_$(l0)`, we make no class.
 */

const scalars = ["s0", "s1", "s2"];
const lists = ["l0", "l1", "l2"];
const classNames = ["c0", "c1", "c2", "never"];

const scalarReference = fc.constantFrom(...scalars.map((name) => `$(${name})`), "$(unknown)");
const listReference = fc.constantFrom(...lists.map((name) => `$(${name})`));
const word = fc.constantFrom("x", "y-z", "10", "a b");

const scalarText = (rank: number) =>
  fc
    .array(fc.oneof(word, fc.constantFrom("", ...scalars.slice(0, rank).map((name) => `$(${name})`))), { maxLength: 3 })
    .map((parts) => parts.join(""));

/** A scalar is made of those before it in rank, so that none is made of itself; the order in the text is shuffled. */
const scalarPromise = (rank: number) =>
  fc.oneof(
    scalarText(rank).map((text) => `"s${rank}" string => "${text}";`),
    scalarText(rank).map((text) => `"s${rank}" string => canonify("${text}");`),
    fc
      .tuple(scalarText(rank), scalarText(rank))
      .map(([left, right]) => `"s${rank}" string => concat("${left}", "${right}");`),
    fc
      .tuple(fc.constantFrom(...classNames), word, word)
      .map(([name, yes, no]) => `"s${rank}" string => ifelse("${name}", "${yes}", "${no}");`),
  );

const listPromise = (rank: number) => {
  const element = fc.oneof(
    word.map((text) => `"${text}"`),
    fc.constantFrom(...scalars.map((name) => `"$(${name})"`), ...lists.slice(0, rank).map((name) => `@(${name})`)),
  );
  return fc.oneof(
    fc
      .uniqueArray(element, { minLength: 1, maxLength: 3 })
      .map((elements) => `"l${rank}" slist => { ${elements.join(", ")} };`),
    fc.constantFrom("p,q,r", "p,,q", "p").map((text) => `"l${rank}" slist => splitstring("${text}", ",", 5);`),
    fc.integer({ min: 1, max: 3 }).map((last) => `"l${rank}" slist => expandrange("h[0-${last}]", 1);`),
    rank === 0
      ? fc.constant('"l0" slist => { "k", "m" };')
      : fc.constant(`"l${rank}" slist => maplist("<$(this)>", l${rank - 1});`),
  );
};

const expression = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...classNames, "any"),
    fc
      .tuple(tie("node"), fc.constantFrom(".", "|", "&", "||"), tie("node"))
      .map(([left, operator, right]) => `${left}${operator}${right}`),
    tie("node").map((inner) => `!(${inner})`),
  ),
})).node;

const classPromise = fc.oneof(
  expression.map((text) => `"c0" expression => "${text}";`),
  fc
    .tuple(fc.constantFrom("and", "or", "xor"), expression, expression)
    .map(([key, left, right]) => `"c1" ${key} => { "${left}", "${right}" };`),
  expression.map((text) => `"c2" not => "${text}";`),
  fc.tuple(listReference, expression).map(([list, text]) => `"on_${list}" expression => "${text}";`),
);

const reportText = fc
  .array(fc.oneof(word, scalarReference, listReference), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(" "));
const condition = fc.oneof(
  fc.constant(""),
  expression.map((text) => ` if => "${text}"`),
  expression.map((text) => ` unless => "${text}"`),
  listReference.map((list) => ` if => canonify("on_${list}")`),
  fc.tuple(listReference, word).map(([list, text]) => ` if => strcmp("${list}", "${text}")`),
);
const report = fc
  .tuple(expression, reportText, condition)
  .map(([guard, text, attribute]) => `${guard}::\n"${text}"${attribute};`);

/** A bundle that reports what it made of itself. Its name is in every report. */
export const randomBundle = (name: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc
        .tuple(scalarPromise(0), scalarPromise(1), scalarPromise(2), listPromise(0), listPromise(1), listPromise(2))
        .chain((promises) => fc.shuffledSubarray(promises, { minLength: 6 })),
      fc.array(classPromise, { maxLength: 4 }),
      fc.array(report, { minLength: 1, maxLength: 5 }),
    )
    .map(
      ([vars, classes, reports]) =>
        `bundle agent ${name}\n{\nvars:\n${vars.join("\n")}\nclasses:\n${classes.join("\n")}\nreports:\n${reports.join("\n").replaceAll('::\n"', `::\n"${name}: `)}\n}\n`,
    );
