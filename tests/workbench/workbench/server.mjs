// Starts and ends code-server, each time with folders and a port of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ENTRY = join(folder(), 'code-server/node_modules/code-server/out/node/entry.js');
const PATIENCE_MS = 120_000;

/** Every code-server that has not ended. */
const running = new Set();

/** Settings that keep the workbench quiet; a test sets what it is about. */
const SETTINGS = {
    'workbench.startupEditor': 'none',
    'workbench.tips.enabled': false,
    'workbench.enableExperiments': false,
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'window.commandCenter': false,
    'telemetry.telemetryLevel': 'off',
    'update.mode': 'none',
    'extensions.autoUpdate': false,
    'extensions.autoCheckUpdates': false,
    'extensions.ignoreRecommendations': true,
    'json.schemaDownload.enable': false,
    'git.enabled': false,
    'files.autoSave': 'off',
    'editor.cursorBlinking': 'solid',
    'editor.accessibilitySupport': 'off',
    'chat.commandCenter.enabled': false,
};

/** Where `install` has put everything, and where screenshots and logs go. */
export function folder() {
    const folder = process.env.WORKBENCH_FOLDER;
    if (!folder) {
        throw new Error('WORKBENCH_FOLDER is not set; run `cargo xtask workbench`');
    }
    return folder;
}

/**
 * Installs a VSIX into a new folder, as a user does, and returns the folder.
 */
export async function installExtension(vsix) {
    const home = mkdtempSync(join(tmpdir(), 'workbench-extensions-'));
    const extensions = join(home, 'extensions');
    mkdirSync(extensions);
    const install = codeServer(home, extensions, ['--install-extension', vsix]);
    const [code] = await once(install.child, 'exit');
    if (code !== 0) {
        throw new Error(`code-server cannot install ${vsix}:\n${install.log()}`);
    }
    return { extensions, log: install.log(), remove: () => remove(home) };
}

/**
 * A running code-server that shows `workspace`.
 *
 * `trusted: false` leaves the question of trust to the workbench, which then opens in restricted mode. `language` is the
 * one that extensions are told; VS Code's own words stay English.
 */
export async function startServer({ extensions, workspace, settings = {}, trusted = true, language, environment = {} }) {
    const home = mkdtempSync(join(tmpdir(), 'workbench-home-'));
    const data = join(home, 'data');
    const user = join(data, 'User');
    mkdirSync(user, { recursive: true });
    const trust = { 'security.workspace.trust.enabled': !trusted, 'security.workspace.trust.startupPrompt': 'never' };
    writeFileSync(join(user, 'settings.json'), JSON.stringify({ ...SETTINGS, ...trust, ...settings }));
    if (language !== undefined) {
        writeLanguagePack(data, language);
    }

    const port = await freePort();
    const server = codeServer(home, extensions, [
        ...['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
        ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
        ...(trusted ? ['--disable-workspace-trust'] : []),
        ...(language === undefined ? [] : ['--locale', language]),
        workspace,
    ], environment);
    const address = `http://127.0.0.1:${port}`;
    const stop = async () => {
        await endGroup(server.child);
        remove(home);
    };
    try {
        await answers(`${address}/healthz`, server);
    } catch (error) {
        await stop();
        throw error;
    }
    return {
        url: new URL(`${address}/?folder=${encodeURIComponent(workspace)}`),
        pid: server.child.pid,
        data,
        log: server.log,
        stop,
    };
}

/** The list of installed language packs, as VS Code keeps it, with one that translates nothing of VS Code itself. */
function writeLanguagePack(data, language) {
    const translation = join(data, 'vscode.i18n.json');
    writeFileSync(translation, JSON.stringify({ version: '1.0.0', contents: {} }));
    const extensionIdentifier = { id: `workbench-tests.language-pack-${language}` };
    const pack = { hash: 'workbench-tests', extensions: [{ extensionIdentifier, version: '1.0.0' }], translations: { vscode: translation }, label: language };
    writeFileSync(join(data, 'languagepacks.json'), JSON.stringify({ [language]: pack }));
}

function codeServer(home, extensions, parameters, more = {}) {
    const configuration = join(home, 'config.yaml');
    writeFileSync(configuration, '');
    const environment = {
        ...process.env,
        ...more,
        HOME: home,
        XDG_CONFIG_HOME: join(home, 'config'),
        XDG_DATA_HOME: join(home, 'share'),
        // Nothing is looked up in a marketplace.
        EXTENSIONS_GALLERY: '{}',
    };
    const folders = ['--config', configuration, '--user-data-dir', join(home, 'data'), '--extensions-dir', extensions];
    // A group of its own, so that everything that it starts can be ended with it.
    const child = spawn(process.execPath, [ENTRY, ...folders, ...parameters], {
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text) => (log += text));
    }
    return { child, log: () => log };
}

async function answers(url, server) {
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end && server.child.exitCode === null) {
        const answer = await fetch(url).catch(() => undefined);
        if (answer?.ok) {
            return;
        }
        await pause(100);
    }
    throw new Error(`code-server does not answer:\n${server.log()}`);
}

async function endGroup(child) {
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve();
    signal(child, 'SIGTERM');
    await Promise.race([ended, pause(2000)]);
    signal(child, 'SIGKILL');
    await ended;
}

function signal(child, name) {
    try {
        process.kill(-child.pid, name);
    } catch {
        // Everything in the group has ended.
    }
}

// However the tests end, no server is left behind.
process.once('exit', () => running.forEach((child) => signal(child, 'SIGKILL')));
process.once('SIGTERM', () => process.exit(1));

function freePort() {
    return new Promise((resolve, reject) => {
        const probe = createServer();
        probe.once('error', reject);
        probe.listen(0, '127.0.0.1', () => {
            const { port } = probe.address();
            probe.close(() => resolve(port));
        });
    });
}

function pause(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function remove(path) {
    // The last processes of the group may still be writing.
    rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
