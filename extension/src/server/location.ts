import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { l10n } from 'vscode';
import { probe } from './probe';

/** Where a program may be that serves as language server. */
export interface Places {
  /** The setting `modelQuantizer.server.path`; empty when it is not set. */
  readonly setting: string;
  /** Folder of the extension, which may bring a program along. */
  readonly extension: string;
  /** The environment variable PATH. */
  readonly search: string;
  /** Without trust nothing but the program of the extension is started. */
  readonly trusted: boolean;
}

export type Origin = 'setting' | 'bundled' | 'PATH';

/** A program that has answered. */
export interface Location {
  readonly program: string;
  readonly origin: Origin;
  readonly version: string;
  /** Places that were tried before it, with what was wrong there. */
  readonly passed: readonly Attempt[];
}

export interface Attempt {
  readonly place: string;
  readonly reason: string;
}

/** No place has a working program. The message lists all of them. */
export class ServerNotFound extends Error {
  override readonly name = 'ServerNotFound';

  constructor(readonly attempts: readonly Attempt[]) {
    const tried = attempts.map(({ place, reason }) => `${place} (${reason})`).join('; ');
    super(l10n.t('The program model-quantizer was not found. Tried: {0}. Set modelQuantizer.server.path to its place, or install the extension for this platform.', tried));
  }
}

const NAME = process.platform === 'win32' ? 'model-quantizer.exe' : 'model-quantizer';

/**
 * The first working program: that of the setting, that of the extension, then PATH.
 * @throws ServerNotFound
 */
export async function locate(places: Places, ask: typeof probe = probe): Promise<Location> {
  const passed: Attempt[] = [];
  for (const { origin, program } of await candidates(places, passed)) {
    const problem = await unusable(program);
    const answer = problem === undefined ? await ask(program) : { problem };
    if ('version' in answer) {
      return { program, origin, version: answer.version, passed };
    }
    const place = origin === 'setting' ? `modelQuantizer.server.path: ${program}` : program;
    passed.push({ place, reason: answer.problem });
  }
  if (!places.trusted) {
    passed.push({ place: l10n.t('other places'), reason: l10n.t('not used because the workspace is not trusted') });
  }
  throw new ServerNotFound(passed);
}

interface Candidate {
  readonly origin: Origin;
  readonly program: string;
}

async function candidates(places: Places, passed: Attempt[]): Promise<Candidate[]> {
  const bundled: Candidate = { origin: 'bundled', program: path.join(places.extension, 'server', NAME) };
  if (!places.trusted) {
    return [bundled];
  }
  const chosen: Candidate[] = [];
  if (places.setting !== '') {
    const program = places.setting.replace(/^~(?=[\\/])/, os.homedir());
    if (path.isAbsolute(program)) {
      chosen.push({ origin: 'setting', program });
    } else {
      passed.push({ place: `modelQuantizer.server.path: ${program}`, reason: l10n.t('not an absolute path') });
    }
  }
  return [...chosen, bundled, ...await onPath(places.search)];
}

/** A relative folder of PATH is passed over: it would be looked for in whatever folder is open. */
async function onPath(search: string): Promise<Candidate[]> {
  const folders = search.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const programs = folders.map((folder) => path.join(folder, NAME));
  const found = await Promise.all(programs.map((program) => stat(program).then(() => true, () => false)));
  const existing = programs.filter((_, position) => found[position]);
  return (existing.length > 0 ? existing : [`PATH${path.sep}${NAME}`]).map((program) => ({ origin: 'PATH', program }));
}

async function unusable(program: string): Promise<string | undefined> {
  try {
    if (!(await stat(program)).isFile()) {
      return l10n.t('not a file');
    }
  } catch {
    return l10n.t('no such file');
  }
  try {
    await access(program, constants.X_OK);
    return undefined;
  } catch {
    return l10n.t('not executable');
  }
}
