import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { restartWithLimit } from '../src/server/client';
import * as location from '../src/server/location';
import { Server } from '../src/server/server';
import { clients, CloseAction, State } from './mock/languageclient';
import { commands, configuration, configurationChanged, trust, Uri, window, workspace } from './mock/vscode';

const log = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() };
const found = { program: '/x/model-quantizer', origin: 'bundled', version: '1.2.3', passed: [] } as const;

let server: Server;

beforeEach(() => {
  vi.spyOn(location, 'locate').mockResolvedValue(found);
  server = new Server(Uri.file('/extension'), log as never, 'file:///diagnostics.md');
});

afterEach(() => {
  server.dispose();
});

describe('the server', () => {
  test('starts once, without a shell, and tells what it wants', async () => {
    const kinds: string[] = [];
    server.onDidChange(({ kind }) => kinds.push(kind));
    await Promise.all([server.start(), server.start()]);
    expect(clients).toHaveLength(1);
    expect(clients[0]?.server).toMatchObject({ command: '/x/model-quantizer', args: ['lsp'], options: { shell: false } });
    expect(clients[0]?.options.initializationOptions()).toEqual({
      reportSyntax: false, jobEvents: true, statusEvents: true, trusted: true,
      configurationFiles: [], documentation: 'file:///diagnostics.md', suggestCommand: 'editor.action.triggerSuggest',
    });
    expect(kinds).toEqual(['starting', 'starting', 'running']);
  });

  test('that is not found is tried again on the next wish only', async () => {
    vi.mocked(location.locate).mockRejectedValueOnce(new Error('nowhere'));
    server.startQuietly();
    await vi.waitFor(() => expect(server.state).toEqual({ kind: 'failed', reason: 'nowhere' }));
    server.startQuietly();
    expect(location.locate).toHaveBeenCalledTimes(1);
    await server.start();
    expect(server.state.kind).toBe('running');
  });

  test('learns of trust while it runs', async () => {
    workspace.isTrusted = false;
    await server.start();
    expect(clients[0]?.options.initializationOptions()).toMatchObject({ trusted: false });
    workspace.isTrusted = true;
    trust.fire();
    await vi.waitFor(() => expect(clients[0]?.sendNotification).toHaveBeenCalledWith('modelQuantizer/didGrantTrust', {}));
    expect(clients).toHaveLength(1);
  });

  test('knows of trust when it is started again after a crash', async () => {
    workspace.isTrusted = false;
    await server.start();
    workspace.isTrusted = true;
    expect(clients[0]?.options.initializationOptions()).toMatchObject({ trusted: true });
  });

  test('that is stopped while a program is looked for does not start', async () => {
    let find: (location: typeof found) => void = () => undefined;
    vi.mocked(location.locate).mockReturnValueOnce(new Promise((resolve) => { find = resolve; }));
    const start = server.start();
    const stop = server.stop();
    find(found);
    await expect(start).rejects.toThrow('stopped before it had started');
    await stop;
    expect(clients).toHaveLength(0);
    expect(server.state.kind).toBe('stopped');
  });

  test('that is stopped while it starts is stopped when it has, and before another starts', async () => {
    const start = server.start();
    await vi.waitFor(() => expect(clients).toHaveLength(1));
    let started: () => void = () => undefined;
    const [first] = clients;
    first?.dispose.mockImplementationOnce(() => new Promise<void>((resolve) => { started = resolve; }));
    const restarted = server.restart();
    await start;
    await vi.waitFor(() => expect(first?.dispose).toHaveBeenCalledTimes(1));
    expect(clients).toHaveLength(1);
    started();
    await restarted;
    expect(clients).toHaveLength(2);
    expect(server.state.kind).toBe('running');
  });

  test('restarted twice in a row runs once', async () => {
    await server.start();
    await Promise.all([server.restart(), server.restart()].map((each) => each.catch(() => undefined)));
    const alive = clients.filter(({ dispose }) => dispose.mock.calls.length === 0);
    expect(alive).toHaveLength(1);
    expect(server.state.kind).toBe('running');
  });

  test('is another program after trust when the setting names one', async () => {
    configuration.set('modelQuantizer.server.path', '/y/model-quantizer');
    await server.start();
    trust.fire();
    await vi.waitFor(() => expect(clients).toHaveLength(2));
    expect(clients[0]?.dispose).toHaveBeenCalled();
  });

  test('gets changed settings, and starts anew with another path', async () => {
    await server.start();
    configuration.set('modelQuantizer.configurationFiles', ['a/*.json']);
    configurationChanged.fire({ affectsConfiguration: (name) => name === 'modelQuantizer.configurationFiles' });
    await vi.waitFor(() => expect(clients[0]?.sendNotification).toHaveBeenCalledWith('workspace/didChangeConfiguration', {
      settings: { modelQuantizer: expect.objectContaining({ configurationFiles: ['a/*.json'], trusted: true }) as unknown },
    }));
    configurationChanged.fire({ affectsConfiguration: (name) => name === 'modelQuantizer.server.path' });
    await vi.waitFor(() => expect(clients).toHaveLength(2));
  });

  test('passes jobs on, and whether it is checking', async () => {
    await server.start();
    const jobs = vi.fn();
    server.onJob(jobs);
    clients[0]?.handlers.get('modelQuantizer/job')?.({ id: 'quantize-1' });
    expect(jobs).toHaveBeenCalledWith({ id: 'quantize-1' });
    clients[0]?.handlers.get('modelQuantizer/status')?.({ quiescent: false });
    expect(server.state).toMatchObject({ kind: 'running', checking: true });
  });

  test('that crashes too often stays down, and says so once', async () => {
    await server.start();
    const closed = (): unknown => clients[0]?.options.errorHandler.closed();
    for (let crash = 0; crash < 4; crash += 1) {
      expect(closed()).toMatchObject({ action: CloseAction.Restart, handled: true });
    }
    window.showErrorMessage.mockResolvedValueOnce('Restart Server');
    expect(closed()).toMatchObject({ action: CloseAction.DoNotRestart, handled: true });
    clients[0]?.enter(State.Stopped);
    expect(server.state.kind).toBe('failed');
    expect(window.showErrorMessage).toHaveBeenCalledTimes(1);
    await vi.waitFor(() => expect(commands.executeCommand).toHaveBeenCalledWith('modelQuantizer.restartServer'));
  });

  test('has commands that the library does not register, and job progress that it does not show', async () => {
    await server.start();
    const [client] = clients;
    client?.registerFeature({ registrationType: { method: 'workspace/executeCommand' } });
    client?.registerFeature({ registrationType: { method: 'textDocument/hover' } });
    expect(client?.features).toHaveLength(1);
    const next = vi.fn();
    const handle = client?.options.middleware['handleWorkDoneProgress'];
    handle?.('modelQuantizer/quantize-1', { kind: 'begin' }, next);
    handle?.('modelQuantizer/quantize-1', { kind: 'report' }, next);
    expect(next).not.toHaveBeenCalled();
    handle?.('modelQuantizer/quantize-1', { kind: 'end' }, next);
    handle?.('another', { kind: 'begin' }, next);
    expect(next).toHaveBeenCalledTimes(2);
  });
});

test('crashes that are far apart do not count', () => {
  let time = 0;
  const handler = restartWithLimit(log as never, () => { throw new Error('gave up'); }, () => time);
  for (let crash = 0; crash < 20; crash += 1) {
    time += 60_000;
    expect(handler.closed()).toMatchObject({ action: CloseAction.Restart });
  }
});
