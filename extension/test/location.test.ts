import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { locate, ServerNotFound } from '../src/server/location';
import type { Places } from '../src/server/location';
import { probe } from '../src/server/probe';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'location-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Makes a program that prints what it is given; not executable on wish. */
async function program(place: string, says: string, mode = 0o755): Promise<string> {
  const file = path.join(folder, place);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${says}\n`);
  await chmod(file, mode);
  return file;
}

const GOOD = 'echo "model-quantizer 1.2.3"';

function places(change: Partial<Places> = {}): Places {
  return { setting: '', extension: path.join(folder, 'extension'), search: '', trusted: true, ...change };
}

async function failure(change: Partial<Places>): Promise<ServerNotFound> {
  const found = await locate(places(change)).catch((error: unknown) => error);
  expect(found).toBeInstanceOf(ServerNotFound);
  return found as ServerNotFound;
}

describe.skipIf(process.platform === 'win32')('the server is looked for', () => {
  test('in the setting, then in the extension, then on PATH', async () => {
    const onPath = await program('bin/model-quantizer', GOOD);
    const search = path.dirname(onPath);
    expect(await locate(places({ search }))).toMatchObject({ program: onPath, origin: 'PATH', version: '1.2.3' });
    const bundled = await program('extension/server/model-quantizer', GOOD);
    expect(await locate(places({ search }))).toMatchObject({ program: bundled, origin: 'bundled', passed: [] });
    const setting = await program('chosen', GOOD);
    expect(await locate(places({ search, setting }))).toMatchObject({ program: setting, origin: 'setting' });
  });

  test('beyond a setting that does not work, which is told', async () => {
    await program('extension/server/model-quantizer', GOOD);
    const found = await locate(places({ setting: path.join(folder, 'missing') }));
    expect(found.origin).toBe('bundled');
    expect(found.passed).toEqual([{ place: `modelQuantizer.server.path: ${folder}/missing`, reason: 'no such file' }]);
  });

  test('in the extension only when the workspace is not trusted', async () => {
    const search = path.dirname(await program('bin/model-quantizer', GOOD));
    const setting = await program('chosen', GOOD);
    const { message } = await failure({ search, setting, trusted: false });
    expect(message).toContain('extension/server/model-quantizer (no such file)');
    expect(message).toContain('not trusted');
    expect(message).not.toContain('chosen');
  });

  test('and every place is named with its reason', async () => {
    await program('extension/server/model-quantizer', GOOD, 0o644);
    const search = path.dirname(await program('bin/model-quantizer', 'echo "other 1.0"'));
    // Root may execute nothing without an execute bit either.
    const { attempts, message } = await failure({ setting: folder, search });
    expect(attempts.map(({ reason }) => reason)).toEqual([
      'not a file', 'not executable', "not Model Quantizer: its answer to --version is another program's",
    ]);
    expect(message).toContain('modelQuantizer.server.path');
  });

  test('not in relative places', async () => {
    const { attempts } = await failure({ setting: 'tools/model-quantizer', search: `.${path.delimiter}bin` });
    expect(attempts.map(({ place, reason }) => `${place}: ${reason}`)).toEqual([
      'modelQuantizer.server.path: tools/model-quantizer: not an absolute path',
      `${folder}/extension/server/model-quantizer: no such file`,
      'PATH/model-quantizer: no such file',
    ]);
  });
});

describe.skipIf(process.platform === 'win32')('a program is asked for its version', () => {
  test('and its first line of error is the reason', async () => {
    const file = await program('broken', 'echo "libtensorflowlite_c.so is missing" >&2; exit 127');
    expect(await probe(file)).toEqual({ problem: 'libtensorflowlite_c.so is missing' });
  });

  test('without a shell', async () => {
    const file = await program('a $(touch pwned) b', GOOD);
    expect(await probe(file)).toEqual({ version: '1.2.3' });
  });
});
