/**
 * A row of names with their texts, newest first. Each round of an iteration adds one or two names to those around it; as
 * a linked row that costs one small object, where a copied map would cost the whole map for every guest.
 */
export interface NamedTexts {
  readonly name: string;
  readonly text: string;
  readonly outer: NamedTexts | undefined;
}

/** Puts a name in front of a row; it hides an older one of the same name. */
export function withText(outer: NamedTexts | undefined, name: string, text: string): NamedTexts {
  return { name, text, outer };
}

/** The text of a name, or undefined. */
export function textNamed(texts: NamedTexts | undefined, name: string): string | undefined {
  for (let each = texts; each !== undefined; each = each.outer) {
    if (each.name === name) return each.text;
  }
  return undefined;
}
