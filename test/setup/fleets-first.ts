import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Suites of whole fleets, which last longest. */
const fleets = /\/(test\/e2e|packages\/cli\/test|packages\/agent\/test\/daemon)\//;

/**
 * The longest suites first, so that two lanes end at about the same time. Where none has run before, as in CI, their lengths
 * are not known; those of whole fleets are known to be long.
 */
export class FleetsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ project, moduleId }: TestSpecification) =>
      2 * project.config.sequence.groupOrder + (fleets.test(moduleId) ? 0 : 1);
    return sorted.toSorted((left, right) => rank(left) - rank(right));
  }
}
