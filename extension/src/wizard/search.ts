import { readdir, readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';

/** What a new configuration may name, found below the folders of the workspace. */
export interface Findings {
  /** Keras models: files, and folders of SavedModels. */
  readonly models: readonly string[];
  readonly datasets: readonly Dataset[];
  /** JSON files that give class names their positions. */
  readonly labels: readonly LabelFile[];
}

/** A folder of images. */
export interface Dataset {
  readonly folder: string;
  /** JPEG images in it and in its subfolders. */
  readonly images: number;
  /** Names of the subfolders with images, if that is where the images are. */
  readonly classes: readonly string[];
  /** The commonest extension, without the dot. */
  readonly extension: string;
}

export interface LabelFile {
  readonly file: string;
  readonly classes: number;
}

const SKIPPED = new Set(['node_modules', 'target', '__pycache__', 'venv', 'site-packages']);
const DEPTH = 8;

/** Folders that are looked at; a home folder as workspace ends somewhere. */
const FOLDERS = 4_000;
const LABEL_BYTES = 256 * 1024;
const LABEL_FILES = 200;

interface Folder {
  readonly path: string;
  readonly folders: Folder[];
  readonly files: string[];
}

export async function search(roots: readonly string[]): Promise<Findings> {
  const budget = { folders: FOLDERS };
  const trees = await Promise.all(roots.map((root) => walk(root, DEPTH, budget)));
  const all = trees.flatMap(flatten);
  const jsons = all.flatMap(({ path: folder, files }) => files.filter((name) => name.endsWith('.json')).map((name) => path.join(folder, name)));
  const labels = await Promise.all(jsons.slice(0, LABEL_FILES).map(labelFile));
  return {
    models: all.flatMap(models),
    datasets: trees.flatMap((tree) => datasets(tree)),
    labels: labels.flatMap((found) => found ?? []),
  };
}

async function walk(folder: string, depth: number, budget: { folders: number }): Promise<Folder> {
  budget.folders -= 1;
  // A folder that may not be read is as good as empty.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: Folder = { path: folder, folders: [], files: [] };
  for (const entry of entries.sort((a, b) => compare(a.name, b.name))) {
    if (entry.isFile()) {
      found.files.push(entry.name);
    } else if (entry.isDirectory() && depth > 0 && budget.folders > 0 && !entry.name.startsWith('.') && !SKIPPED.has(entry.name)) {
      found.folders.push(await walk(path.join(folder, entry.name), depth - 1, budget));
    }
  }
  return found;
}

function flatten(folder: Folder): Folder[] {
  return [folder, ...folder.folders.flatMap(flatten)];
}

function models({ path: folder, files }: Folder): string[] {
  return files.includes('saved_model.pb')
    ? [folder]
    : files.filter((name) => /\.(h5|hdf5|keras)$/i.test(name)).map((name) => path.join(folder, name));
}

/** A folder whose subfolders have images is one data set, and so is a folder of images elsewhere. */
function datasets(folder: Folder): Dataset[] {
  const below = folder.folders.filter((each) => images(each).length > 0);
  const own = images(folder);
  if (below.length >= 2 || (below.length === 1 && own.length > 0)) {
    const all = [...own, ...below.flatMap(images)];
    const others = folder.folders.filter((each) => !below.includes(each)).flatMap(datasets);
    return [{ folder: folder.path, images: all.length, classes: own.length > 0 ? [] : below.map((each) => path.basename(each.path)), extension: commonest(all) }, ...others];
  }
  const rest = folder.folders.flatMap(datasets);
  return own.length === 0 ? rest : [{ folder: folder.path, images: own.length, classes: [], extension: commonest(own) }, ...rest];
}

function images({ files }: Folder): string[] {
  return files.filter((name) => /\.jpe?g$/i.test(name));
}

function commonest(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) {
    const extension = path.extname(name).slice(1);
    counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'jpg';
}

async function labelFile(file: string): Promise<LabelFile | undefined> {
  try {
    if ((await stat(file)).size > LABEL_BYTES) {
      return undefined;
    }
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return undefined;
    }
    const positions = new Set<unknown>(Object.values(value));
    const classes = Object.keys(value).length;
    const each = Array.from({ length: classes }, (_, position) => position);
    return classes > 0 && positions.size === classes && each.every((position) => positions.has(position)) ? { file, classes } : undefined;
  } catch {
    // Not JSON, or not to be read.
    return undefined;
  }
}

/** The order of Keras, which numbers the classes of a folder: by code points, which is that of UTF-8. */
export function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
