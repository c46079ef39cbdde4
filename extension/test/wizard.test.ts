import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import schema from '../../schemas/configuration.schema.json';
import { compose, composeLabels } from '../src/wizard/compose';
import type { Answers } from '../src/wizard/compose';
import { newConfiguration, write } from '../src/wizard/create';
import { fill, isEmpty } from '../src/wizard/fill';
import { read } from '../src/wizard/inspect';
import type { Option, Questions } from '../src/wizard/questions';
import { search } from '../src/wizard/search';
import { wizard } from '../src/wizard/wizard';
import type { Beginning } from '../src/wizard/wizard';
import { Uri, window, workspace } from './mock/vscode';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'wizard-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

async function files(...names: string[]): Promise<void> {
  for (const name of names) {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, name.endsWith('labels.json') ? '{"roses": 0, "daisy": 1}' : '');
  }
}

/** Answers by the start of a label, in the order of the questions; `null` goes back. */
function answering(...labels: (string | null)[]): Questions & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async pick<T>(_place: unknown, prompt: string, options: readonly Option<T>[]) {
      asked.push(prompt);
      const label = labels.shift();
      if (label === null) {
        return 'back';
      }
      const option = options.find((each) => label !== undefined && each.label.includes(label));
      return option === undefined ? 'stop' : { value: option.value };
    },
    async input(_place, prompt, proposal, problem) {
      asked.push(prompt);
      expect(problem('0')).toBeDefined();
      expect(problem('1e3')).toBeDefined();
      expect(problem(proposal)).toBeUndefined();
      return { value: labels.shift() ?? proposal };
    },
    browse: vi.fn(async () => undefined),
  };
}

async function beginning(change: Partial<Beginning> = {}): Promise<Beginning> {
  return {
    findings: await search([root]),
    folders: [root],
    shown: (file) => path.relative(root, file) || '.',
    inspect: async () => ({ size: 96, classes: 2, normalizes: false }),
    isFree: async () => true,
    ...change,
  };
}

describe('the search finds', () => {
  test('models of each format, data sets with their classes, and label files', async () => {
    await files(
      'model/a.h5', 'model/b.keras', 'saved/saved_model.pb', 'node_modules/x.h5', '.hidden/y.h5', 'notes.json',
      'data/training/roses/1.JPG', 'data/training/roses/2.JPG', 'data/training/daisy/1.jpg', 'data/plain/1.jpeg', 'labels.json',
    );
    const found = await search([root]);
    expect(found.models.map((file) => path.relative(root, file))).toEqual(['model/a.h5', 'model/b.keras', 'saved']);
    expect(found.datasets).toEqual([
      { folder: path.join(root, 'data/plain'), images: 1, classes: [], extension: 'jpeg' },
      { folder: path.join(root, 'data/training'), images: 3, classes: ['daisy', 'roses'], extension: 'JPG' },
    ]);
    expect(found.labels).toEqual([{ file: path.join(root, 'labels.json'), classes: 2 }]);
  });

  test('nothing in a folder that is not there', async () => {
    expect(await search([path.join(root, 'gone')])).toEqual({ models: [], datasets: [], labels: [] });
  });
});

describe('the wizard', () => {
  test('asks for all that it cannot find out', async () => {
    await files('a.h5', 'data/training/roses/1.jpg', 'data/training/daisy/1.jpg', 'data/val/roses/1.jpg', 'data/val/daisy/1.jpg');
    const questions = answering('a.h5', 'training', 'val', 'Make a label file', 'unit', 'tflite', '.');
    const choices = await wizard(questions, await beginning());
    expect(choices).toMatchObject({ size: 96, calibrationImages: 2, extension: 'jpg', preprocessing: 'unit', target: 'tflite', labels: { classes: ['daisy', 'roses'] } });
    expect(questions.asked).toHaveLength(7);
  });

  test('asks for the size when the program does not know it', async () => {
    await files('a.h5', 'data/val/roses/1.jpg', 'data/val/daisy/1.jpg');
    const questions = answering('a.h5', '128', 'val', 'val', 'Make', 'none', 'imx500', '.');
    expect(await wizard(questions, await beginning({ inspect: async () => ({ normalizes: false }) }))).toMatchObject({ size: 128 });
  });

  test('takes height and width', async () => {
    await files('a.h5', 'data/val/roses/1.jpg', 'data/val/daisy/1.jpg');
    const unknown = await beginning({ inspect: async () => ({ normalizes: false }) });
    for (const [written, size] of [['240 × 320', [240, 320]], ['240x320', [240, 320]], ['96, 96', 96]] as const) {
      const questions = answering('a.h5', written, 'val', 'val', 'Make', 'none', 'imx500', '.');
      expect(await wizard(questions, unknown)).toMatchObject({ size });
    }
  });

  test('goes back over questions that were not asked, and stops', async () => {
    await files('a.h5', 'b.h5', 'data/val/roses/1.jpg', 'data/val/daisy/1.jpg');
    const questions = answering('a.h5', null, 'b.h5', 'val', 'val', 'Make', 'none', 'imx500', '.');
    expect(await wizard(questions, await beginning())).toMatchObject({ model: path.join(root, 'b.h5') });
    expect(await wizard(answering('a.h5'), await beginning())).toBeUndefined();
  });

  test('proposes raw pixels first to a model that scales them itself', async () => {
    await files('a.h5', 'data/val/roses/1.jpg', 'data/val/daisy/1.jpg');
    let first = '';
    const questions = answering('val', 'val', 'Make', 'none', 'imx500', '.');
    const pick = questions.pick.bind(questions);
    questions.pick = (place, prompt, options) => {
      first ||= options.some(({ label }) => label === 'mobilenet') ? options[0]?.label ?? '' : '';
      return pick(place, prompt, options);
    };
    const inspect = async (): ReturnType<Beginning['inspect']> => ({ size: 96, normalizes: true });
    expect(await wizard(questions, await beginning({ model: path.join(root, 'a.h5'), inspect }))).toMatchObject({ preprocessing: 'none' });
    expect(first).toBe('none');
  });
});

describe('a configuration', () => {
  const answers: Answers = {
    model: '/w/models/a.h5', size: 96, calibration: '/w/data/train', evaluation: '/w/data/val', extension: 'jpg',
    labels: '/w/c/labels.json', preprocessing: 'mobilenet', target: 'imx500',
  };

  test('has every required key, and paths from its folder', () => {
    const values = JSON.parse(compose('/w/c', answers)) as Record<string, unknown>;
    expect(Object.keys(values)).toEqual([...schema.required, 'preprocessing', 'target']);
    expect(values).toMatchObject({ source_keras_model: '../models/a.h5', evaluate_label_file: 'labels.json', batch_size: 50, iteration_count: 10, output_dir: 'output' });
  });

  test('has height and width on one line', () => {
    expect(compose('/w', { ...answers, size: [240, 320] })).toContain('"input_tensor_size": [240, 320],');
  });

  test('draws no more samples than reach every image once', () => {
    const check = (images: number, batch: number, iterations: number): void => {
      expect(JSON.parse(compose('/w', { ...answers, calibrationImages: images }))).toMatchObject({ batch_size: batch, iteration_count: iterations });
    };
    check(1, 1, 1);
    check(30, 30, 1);
    check(120, 50, 3);
    check(500, 50, 10);
    check(40_000, 50, 10);
  });

  test('has labels in the order of Keras, whatever classes are called', () => {
    expect(composeLabels(['b', '10', 'a"', 'B', '2'])).toBe('{\n    "10": 0,\n    "2": 1,\n    "B": 2,\n    "a\\"": 3,\n    "b": 4\n}\n');
  });

  test('is written over nothing', async () => {
    await writeFile(path.join(root, 'configuration.json'), '{}');
    const choices = { ...answers, folder: root, labels: { classes: ['a'] } };
    await expect(write(choices)).rejects.toThrow('EEXIST');
    await files('c/labels.json');
    const written = await write({ ...choices, folder: path.join(root, 'c') });
    expect(JSON.parse(await readFile(written, 'utf8'))).toMatchObject({ evaluate_label_file: 'labels_2.json' });
    expect(await readFile(path.join(root, 'c/labels_2.json'), 'utf8')).toBe('{\n    "a": 0\n}\n');
  });

  test('fills a file with nothing but white space, and no other', async () => {
    const file = path.join(root, 'configuration.json');
    const check = async (before: string | Buffer, filled: boolean): Promise<void> => {
      await writeFile(file, before);
      expect(await isEmpty(file)).toBe(filled);
      if (filled) {
        await fill(file, '{}\n');
      } else {
        await expect(fill(file, '{}\n')).rejects.toThrow('EEXIST');
      }
      expect(await readFile(file)).toEqual(filled ? Buffer.from('{}\n') : Buffer.from(before));
    };
    await check('', true);
    await check(' \t\r\n\n', true);
    await check('\uFEFF\n', true);
    await check(' '.repeat(64 * 1024), true);
    await check(' '.repeat(64 * 1024 + 1), false);
    await check('{}', false);
    await check(' \n0', false);
    await check('\0', false);
    await check('\u00A0', false);
    await check(Buffer.from([0xFF, 0xFE]), false);
  });

  test('is not written through a link', async () => {
    await files('other');
    const file = path.join(root, 'configuration.json');
    await symlink(path.join(root, 'other'), file);
    expect(await isEmpty(file)).toBe(false);
    await expect(fill(file, '{}')).rejects.toThrow('EEXIST');
    expect(await readFile(path.join(root, 'other'), 'utf8')).toBe('');
    expect(await isEmpty(root)).toBe(false);
    expect(await isEmpty(path.join(root, 'gone'))).toBe(false);
  });

  test('is made by the command and opened', async () => {
    await files('a.h5', 'data/val/roses/1.jpg', 'data/val/daisy/1.jpg');
    workspace.workspaceFolders = [{ uri: Uri.file(root), name: 'w', index: 0 }];
    workspace.asRelativePath.mockImplementation((file) => path.relative(root, String(file)) || '.');
    const server = { location: async () => { throw new Error('none'); } };
    await newConfiguration(server as never, Uri.file(path.join(root, 'a.h5')), answering('64', 'val', 'val', 'Make', 'none', 'imx500', '.'));
    const made = path.join(root, 'configuration.json');
    expect(window.showTextDocument).toHaveBeenCalledWith(expect.objectContaining({ fsPath: made }));
    expect(JSON.parse(await readFile(made, 'utf8'))).toMatchObject({ source_keras_model: 'a.h5', input_tensor_size: 64 });
  });

  test('is proposed where an empty one is, unless someone is writing in it or it has text', async () => {
    await files('a.h5', 'data/val/roses/1.jpg', 'data/val/daisy/1.jpg');
    workspace.workspaceFolders = [{ uri: Uri.file(root), name: 'w', index: 0 }];
    workspace.asRelativePath.mockImplementation((file) => path.relative(root, String(file)) || '.');
    const server = { location: async () => { throw new Error('none'); } };
    const file = path.join(root, 'configuration.json');
    const command = async (): Promise<string> => {
      const questions = answering('64', 'val', 'val', 'Make', 'none', 'imx500', '.');
      await newConfiguration(server as never, Uri.file(path.join(root, 'a.h5')), questions);
      return readFile(file, 'utf8');
    };
    await writeFile(file, '{"comment": 1}');
    expect(await command()).toBe('{"comment": 1}');
    await writeFile(file, '\n');
    workspace.textDocuments = [{ uri: Uri.file(file), isDirty: true }];
    expect(await command()).toBe('\n');
    workspace.textDocuments = [{ uri: Uri.file(file), isDirty: false }];
    expect(JSON.parse(await command())).toMatchObject({ source_keras_model: 'a.h5' });
  });

  test('that cannot be written is said to be so, with what to do', async () => {
    await files('a.h5', 'data/val/roses/1.jpg', 'data/val/daisy/1.jpg');
    workspace.workspaceFolders = [{ uri: Uri.file(root), name: 'w', index: 0 }];
    workspace.asRelativePath.mockImplementation((file) => path.relative(root, String(file)) || '.');
    const server = { location: async () => { throw new Error('none'); } };
    const questions = answering('64', 'val', 'val', 'Make', 'none', 'imx500', '.');
    const pick: Questions['pick'] = async (place, prompt, options) => {
      if (prompt.startsWith('The folder')) {
        await rm(root, { recursive: true });
      }
      return questions.pick(place, prompt, options);
    };
    await newConfiguration(server as never, Uri.file(path.join(root, 'a.h5')), { ...questions, pick });
    await mkdir(root);
    expect(window.showErrorMessage).toHaveBeenCalledWith(expect.stringMatching(/cannot be written \(ENOENT.*\); choose another folder/));
    expect(window.showTextDocument).not.toHaveBeenCalled();
  });
});

test('what the program tells of a model is read with care', () => {
  const check = (output: string, expected: object): void => {
    expect(read(output)).toEqual(expected);
  };
  check('', { normalizes: false });
  check('null', { normalizes: false });
  check('{"inputs": 3}', { normalizes: false });
  check('{"inputs": [{"shape": [1, null, null, 3]}], "classes": null}', { normalizes: false });
  check('{"inputs": [{"shape": [1, 240, 320, 3]}]}', { size: [240, 320], normalizes: false });
  check('{"inputs": [{"shape": [1, 3, 240, 320]}]}', { size: [240, 320], normalizes: false });
  check('{"inputs": [{"shape": [1, 3, 224, 224]}], "classes": 5, "input_normalizations": [{}], "refusal": "no"}', { size: 224, classes: 5, normalizes: true, refusal: 'no' });
});
