import * as path from 'node:path';

/** Steps up and down from one file or folder to another; infinite between drives. */
export function distance(from: string, to: string): number {
  const way = path.relative(from, to);
  if (path.isAbsolute(way)) {
    return Number.POSITIVE_INFINITY;
  }
  return way === '' ? 0 : way.split(path.sep).length;
}

/** Nearest to `from` first; those equally near by name. */
export function nearestFirst(paths: readonly string[], from: string | undefined): string[] {
  const near = (file: string): number => from === undefined ? 0 : distance(from, file);
  const order = (a: number, b: number): number => a === b ? 0 : a - b;
  return [...paths].sort((a, b) => order(near(a), near(b)) || a.localeCompare(b));
}
