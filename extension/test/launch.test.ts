import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Jobs } from '../src/jobs/jobs';
import { Launcher, nameOf } from '../src/jobs/launch';
import { showOutcome, summary } from '../src/jobs/outcome';
import type { JobStatus } from '../src/protocol';
import { commands, configuration, opened, ProgressLocation, Uri, window, workspace } from './mock/vscode';

const uri = Uri.file('/models/resnet/configuration.json') as never;

function status(change: Partial<JobStatus>): JobStatus {
  return {
    id: 'quantize-1', job: 'quantize', uri: 'file:///models/resnet/configuration.json', state: 'running',
    message: '', percentage: 0, result: null, error: null, ...change,
  };
}

function refusal(data: object): Error {
  return Object.assign(new Error('configuration.json:2:3: `batch_size` is 0'), { data });
}

const execute = vi.fn(async (_command: string, _args: readonly unknown[]): Promise<unknown> => ({ id: 'quantize-1' }));
const server = { execute, state: { kind: 'running' } };
let jobs: Jobs;
let launcher: Launcher;

beforeEach(() => {
  execute.mockReset().mockResolvedValue({ id: 'quantize-1' });
  jobs = new Jobs();
  launcher = new Launcher(server as never, jobs);
});

async function started(): Promise<(typeof opened)[number]> {
  return vi.waitFor(() => {
    const [toast] = opened;
    if (toast?.reports.length === undefined || toast.reports.length === 0) {
      throw new Error('nothing is shown');
    }
    return toast;
  });
}

describe('progress', () => {
  test('is a cancellable notification that ends with its job', async () => {
    const ended = launcher.run('quantize', uri);
    const toast = await started();
    expect(toast.options).toEqual({ location: ProgressLocation.Notification, title: 'Quantizing resnet', cancellable: true });
    jobs.update(status({ message: 'calibrating: 312/500, 4 s left', percentage: 40 }));
    jobs.update(status({ id: 'quantize-2', message: 'of another job', percentage: 90 }));
    jobs.update(status({ message: 'calibrating: 400/500, 1 s left', percentage: 55 }));
    expect(toast.reports).toEqual([
      { message: 'starting', increment: 0 },
      { message: 'calibrating: 312/500, 4 s left', increment: 40 },
      { message: 'calibrating: 400/500, 1 s left', increment: 15 },
    ]);
    expect(toast.over).toBe(false);
    jobs.update(status({ state: 'succeeded', message: 'done', percentage: 100 }));
    expect(await ended).toMatchObject({ state: 'succeeded' });
    await vi.waitFor(() => expect(toast.over).toBe(true));
  });

  test('shows soon, also while the server is still starting', async () => {
    vi.useFakeTimers();
    let answer: (value: unknown) => void = () => undefined;
    execute.mockReturnValueOnce(new Promise((resolve) => { answer = resolve; }));
    const ended = launcher.run('evaluate', uri);
    await vi.advanceTimersByTimeAsync(299);
    expect(opened).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(opened[0]?.options.title).toBe('Evaluating resnet');
    vi.useRealTimers();
    answer({ id: 'evaluate-1' });
    await Promise.resolve();
    jobs.update(status({ id: 'evaluate-1', state: 'failed', error: 'no' }));
    expect(await ended).toMatchObject({ state: 'failed' });
    expect(opened).toHaveLength(1);
  });

  test('cancels its job on wish, and takes events that come before the answer', async () => {
    jobs.update(status({ message: 'reading', percentage: 1 }));
    const ended = launcher.run('quantize', uri);
    const toast = await started();
    expect(toast.reports.at(-1)).toEqual({ message: 'reading', increment: 1 });
    toast.source.cancel();
    await vi.waitFor(() => expect(execute).toHaveBeenLastCalledWith('modelQuantizer.cancel', ['quantize-1']));
    jobs.update(status({ state: 'cancelled' }));
    const cancelled = await ended;
    expect(cancelled).toMatchObject({ state: 'cancelled' });
    await showOutcome(cancelled ?? status({}));
    expect(window.showErrorMessage).not.toHaveBeenCalled();
    expect(window.showInformationMessage).not.toHaveBeenCalled();
  });

  test('ends when the server does', async () => {
    const ended = launcher.run('quantize', uri);
    const toast = await started();
    jobs.update(status({ percentage: 10 }));
    jobs.abandon('the server is gone');
    expect(await ended).toMatchObject({ state: 'failed', error: 'the server is gone' });
    await vi.waitFor(() => expect(toast.over).toBe(true));
    expect(jobs.running()).toEqual([]);
  });

  test('passes the number of threads on', async () => {
    configuration.set('modelQuantizer.threads', 3);
    void launcher.run('quantize', uri);
    await started();
    expect(execute).toHaveBeenCalledWith('modelQuantizer.quantize', ['file:///models/resnet/configuration.json', { threads: 3 }]);
  });
});

describe('a job that does not start', () => {
  test('for changes that are not saved offers to save', async () => {
    const save = vi.fn(async () => true);
    workspace.textDocuments = [{ uri: Uri.file('/models/resnet/configuration.json'), save }];
    execute.mockRejectedValueOnce(refusal({ reason: 'unsaved' }));
    window.showWarningMessage.mockResolvedValueOnce('Save and Run');
    const ended = launcher.run('quantize', uri);
    await started();
    expect(save).toHaveBeenCalledTimes(1);
    jobs.update(status({ state: 'succeeded' }));
    expect(await ended).toMatchObject({ state: 'succeeded' });
  });

  test('for a running job is queued or replaces it', async () => {
    for (const [chosen, running] of [['Queue', 'queue'], ['Replace', 'replace']] as const) {
      execute.mockReset().mockRejectedValueOnce(refusal({ reason: 'running', id: 'quantize-0' })).mockRejectedValueOnce(new Error('enough'));
      window.showInformationMessage.mockResolvedValueOnce(chosen);
      await launcher.run('quantize', uri);
      expect(execute).toHaveBeenLastCalledWith('modelQuantizer.quantize', [expect.anything(), { running }]);
    }
    execute.mockReset().mockRejectedValueOnce(refusal({ reason: 'running', id: 'quantize-0' }));
    window.showInformationMessage.mockResolvedValueOnce('Dismiss');
    expect(await launcher.run('quantize', uri)).toBeUndefined();
    expect(execute).toHaveBeenCalledTimes(1);
  });

  test('for a finding shows it', async () => {
    const range = { start: { line: 1, character: 2 }, end: { line: 1, character: 5 } };
    execute.mockRejectedValueOnce(refusal({ reason: 'findings', uri: 'file:///models/resnet/configuration.json', range, count: 1 }));
    window.showErrorMessage.mockResolvedValueOnce('Show Problem');
    expect(await launcher.run('quantize', uri)).toBeUndefined();
    expect(window.showErrorMessage).toHaveBeenCalledWith('configuration.json:2:3: `batch_size` is 0', 'Show Problem');
    expect(window.showTextDocument).toHaveBeenCalledWith(expect.anything(), { selection: expect.objectContaining(range) as unknown });
    expect(opened).toHaveLength(0);
  });

  test('for want of trust leads to it', async () => {
    execute.mockRejectedValueOnce(refusal({ reason: 'untrusted' }));
    window.showWarningMessage.mockResolvedValueOnce('Manage Trust');
    expect(await launcher.run('quantize', uri)).toBeUndefined();
    expect(commands.executeCommand).toHaveBeenCalledWith('workbench.trust.manage');
  });

  test('for another reason says it and leads to the log', async () => {
    execute.mockRejectedValueOnce(refusal({ reason: 'findings', range: 'broken' }));
    window.showErrorMessage.mockResolvedValueOnce('Show Log');
    expect(await launcher.run('quantize', uri)).toBeUndefined();
    expect(commands.executeCommand).toHaveBeenCalledWith('modelQuantizer.showLog');
  });
});

describe('the end of a job', () => {
  test('is one message with the report', async () => {
    const report = { path: '/out/quantization_report.html', bytes: 10 };
    const result = { job: 'quantize', quantized_model: { path: '/out/model_quantized.tflite', bytes: 142_900 }, report, logits_sqnr_db: 30.61 } as const;
    window.showInformationMessage.mockResolvedValueOnce('Open Report');
    await showOutcome(status({ state: 'succeeded', result }));
    expect(window.showInformationMessage).toHaveBeenCalledWith('Quantized resnet: 142.9 kB, logits SQNR 30.6 dB.', 'Open Report', 'Reveal File');
    expect(commands.executeCommand).toHaveBeenCalledWith('modelQuantizer.openReport', expect.objectContaining({ path: report.path }));
  });

  test('is a warning where there is something to look at, and the rest is in the log', async () => {
    const made = { job: 'quantize', quantized_model: { path: '/out/model_quantized.tflite', bytes: 1 } } as const;
    const first = 'the budget is not met in [this](command:evil)';
    window.showWarningMessage.mockResolvedValueOnce('Show Log');
    await showOutcome(status({ state: 'succeeded', result: { ...made, warnings: [first, 'a', 'b'] } }));
    const shown = 'Quantized resnet: 0.0 kB. Warning: the budget is not met in [this]\u200B(command:evil) (2 more warnings are in the log)';
    expect(window.showWarningMessage).toHaveBeenCalledWith(shown, 'Reveal File', 'Show Log');
    expect(commands.executeCommand).toHaveBeenCalledWith('modelQuantizer.showLog');
    await showOutcome(status({ state: 'succeeded', result: { ...made, warnings: ['one'] } }));
    expect(window.showWarningMessage).toHaveBeenLastCalledWith('Quantized resnet: 0.0 kB. Warning: one', 'Reveal File');
    await showOutcome(status({ state: 'succeeded', result: { ...made, warnings: ['one', 'two'] } }));
    const two = 'Quantized resnet: 0.0 kB. Warning: one (another warning is in the log)';
    expect(window.showWarningMessage).toHaveBeenLastCalledWith(two, 'Reveal File', 'Show Log');
  });

  test('reveals the file where it can be seen', async () => {
    const result = { job: 'quantize', quantized_model: { path: '/out/model_quantized.tflite', bytes: 1 } } as const;
    for (const [folder, command] of [[undefined, 'revealFileInOS'], [{ uri: Uri.file('/out'), name: 'out', index: 0 }, 'revealInExplorer']] as const) {
      workspace.getWorkspaceFolder.mockReturnValueOnce(folder);
      window.showInformationMessage.mockResolvedValueOnce('Reveal File');
      await showOutcome(status({ state: 'succeeded', result }));
      expect(window.showInformationMessage).toHaveBeenLastCalledWith('Quantized resnet: 0.0 kB.', 'Reveal File');
      expect(commands.executeCommand).toHaveBeenLastCalledWith(command, expect.objectContaining({ path: '/out/model_quantized.tflite' }));
    }
  });

  test('names the accuracy of each model', () => {
    const models = [{ name: 'Keras', top_1_accuracy: 0.9 }, { name: 'TFLite int8', top_1_accuracy: 0.905 }];
    expect(summary(status({ job: 'evaluate', result: { job: 'evaluate', models } }))).toBe('Evaluated resnet: Keras 90.0 %, TFLite int8 90.5 %.');
  });

  test('by a failure gives the reason and leads to the log', async () => {
    window.showErrorMessage.mockResolvedValueOnce('Show Log');
    await showOutcome(status({ state: 'failed', error: 'the disk is full; free some space' }));
    expect(window.showErrorMessage).toHaveBeenCalledWith('Quantizing resnet failed: the disk is full; free some space', 'Show Log');
    expect(commands.executeCommand).toHaveBeenCalledWith('modelQuantizer.showLog');
  });
});

test('the failure of a job leads to the value at fault', async () => {
  const range = { start: { line: 2, character: 1 }, end: { line: 2, character: 9 } };
  window.showErrorMessage.mockResolvedValueOnce('Show Problem');
  await showOutcome(status({ state: 'failed', error: 'a picture is broken', range }));
  expect(window.showErrorMessage).toHaveBeenCalledWith('Quantizing resnet failed: a picture is broken', 'Show Problem', 'Show Log');
  expect(window.showTextDocument).toHaveBeenCalledWith(expect.anything(), { selection: expect.objectContaining(range) as unknown });
});

test('a configuration is called by its folder unless it has a name', () => {
  expect(nameOf(uri)).toBe('resnet');
  expect(nameOf(Uri.file('/models/small.json') as never)).toBe('small');
});
