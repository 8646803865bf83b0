/** The order of the test files: what takes long begins first, and what mostly waits runs beside what computes. */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The seconds of each file, by its path from the repository's root. */
type Durations = Record<string, { seconds: number }>;

/** On this machine, where the reporter has kept them; else of the run that is in the repository, a copy of such a file. */
const PLACES = ['../.cache/test-durations.json', 'durations.json'].map((path) => new URL(path, import.meta.url));

/** What is kept of earlier runs. */
function keptDurations(): Durations {
  const all = PLACES.filter((place) => existsSync(place)).map(
    (place) => JSON.parse(readFileSync(place, 'utf8')) as Durations,
  );
  return Object.assign({}, ...all.reverse());
}

/** Sorts by kept durations. A file without one comes first: it may be a long one. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const kept = keptDurations();
    const seconds = (file: TestSpecification) =>
      kept[relative(this.ctx.config.root, file.moduleId).replaceAll('\\', '/')]?.seconds ?? Number.POSITIVE_INFINITY;
    return Object.values(Object.groupBy(files, ({ project }) => project.name))
      .flatMap((group = []) => places(group, seconds))
      .sort((a, b) => group(a.file) - group(b.file) || a.place - b.place)
      .map(({ file }) => file);
  }
}

/** Vitest runs one group behind the other. Files that share a worker have to be neighbours, and are short: they come last. */
function group({ project: { config } }: TestSpecification): number {
  return config.sequence.groupOrder * 2 + (config.isolate ? 0 : 1);
}

/**
 * The files of one project, the longest first, each with the share of the project's time that lies before it, 0 to 1: several
 * projects sorted by it begin and end together. One of them computes, as browsers do, while another waits.
 */
function places(
  files: readonly TestSpecification[],
  seconds: (file: TestSpecification) => number,
): { file: TestSpecification; place: number }[] {
  const finite = (file: TestSpecification) => (Number.isFinite(seconds(file)) ? seconds(file) : 0);
  const total = files.reduce((sum, file) => sum + finite(file), 0) || 1;
  let before = 0;
  return [...files]
    .sort((a, b) => (seconds(a) === seconds(b) ? a.moduleId.localeCompare(b.moduleId) : seconds(b) - seconds(a)))
    .map((file) => {
      const place = before / total;
      before += finite(file);
      return { file, place };
    });
}
