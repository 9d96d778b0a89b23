/**
 * The classes that hold. Hard classes hold everywhere; a class that policy defines belongs to a namespace (`scope =>
 * "namespace"`, or any class of a common bundle) or to one run of a bundle and ends with it.
 */
export class ClassTable {
  readonly #hard: Set<string>;
  /** Namespace classes, `name` in the default namespace and `namespace:name` elsewhere. */
  readonly #soft = new Set<string>();
  #folded: Map<string, string> | undefined;

  constructor(hard: Iterable<string>) {
    this.#hard = new Set(hard);
  }

  /** @param scope the classes of the running bundle and of those it inherits from */
  isSet(name: string, namespace: string, scope: ClassScope): boolean {
    const colon = name.indexOf(":");
    if (colon >= 0) {
      const qualifier = name.slice(0, colon);
      const local = name.slice(colon + 1);
      return qualifier === "default" ? this.#hard.has(local) || this.#soft.has(local) : this.#soft.has(name);
    }
    if (this.#hard.has(name) || scope.has(name)) return true;
    return this.#soft.has(namespace === "default" ? name : `${namespace}:${name}`);
  }

  define(name: string, namespace: string): void {
    this.#soft.add(
      namespace === "default" || name.includes(":") ? name.replace(/^default:/, "") : `${namespace}:${name}`,
    );
  }

  /** Everything that holds outside bundles. */
  all(): ReadonlySet<string> {
    return new Set([...this.#hard, ...this.#soft]);
  }

  /** The hard class that differs from `name` only by case, where `name` itself is not set. */
  spelledOtherwise(name: string): string | undefined {
    if (this.#hard.has(name) || this.#soft.has(name)) return undefined;
    this.#folded ??= new Map([...this.#hard].map((hard) => [hard.toLowerCase(), hard]));
    return this.#folded.get(name.toLowerCase());
  }

  /** Whether a class is given by the host or the configuration and not by the policy. */
  isHard(name: string): boolean {
    return this.#hard.has(name);
  }
}

/** The classes of one run of a bundle. */
export class ClassScope {
  readonly #own = new Set<string>();
  readonly #inherited: ClassScope | undefined;

  constructor(inherited?: ClassScope) {
    this.#inherited = inherited;
  }

  has(name: string): boolean {
    return this.#own.has(name) || (this.#inherited?.has(name) ?? false);
  }

  add(name: string): void {
    this.#own.add(name);
  }

  names(): readonly string[] {
    return [...(this.#inherited?.names() ?? []), ...this.#own];
  }
}
