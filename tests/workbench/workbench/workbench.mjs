// What a person does in the workbench and sees of it. Nothing here waits for a time; everything waits
// for something to be seen.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launchBrowser } from './browser.mjs';
import { folder, startServer } from './server.mjs';

/** How long something may take to be seen. Generous, because machines that test are busy. */
export const PATIENCE_MS = 120_000;

const STATUS_ITEM = 'model-quantizer.model-quantizer.modelQuantizer.status';

export class Workbench {
    /**
     * `payload` gives places on this machine that the extension host is to know, by the names of VS Code's parameters.
     */
    static async open({ workspace, extensions, settings, trusted, language, environment, viewport = { width: 1280, height: 800 }, payload = {} }) {
        const server = await startServer({ extensions, workspace, settings, trusted, language, environment });
        const workbench = new Workbench(server);
        try {
            workbench.browser = await launchBrowser();
            await workbench.show(viewport, payload);
        } catch (error) {
            await workbench.failed('start');
            await workbench.close();
            throw error;
        }
        return workbench;
    }

    constructor(server) {
        this.server = server;
        this.messages = [];
    }

    async show(viewport, payload) {
        this.page = await this.browser.newPage({ viewport });
        this.page.setDefaultTimeout(PATIENCE_MS);
        this.page.on('console', (message) => this.messages.push(`${message.type()}: ${message.text()}`));
        this.page.on('pageerror', (error) => this.messages.push(`error: ${error}`));
        this.page.on('requestfailed', (request) => this.messages.push(`no answer: ${request.url()}`));
        const url = new URL(this.server.url);
        const places = Object.entries(payload).map(([name, path]) => [name, `vscode-remote://${url.host}${path}`]);
        if (places.length > 0) {
            url.searchParams.set('payload', JSON.stringify(places));
        }
        await this.page.goto(url.href);
        await this.isDrawn();
    }

    /** Loads the window again. */
    async reload() {
        const loaded = this.page.waitForEvent('load');
        await this.run('Developer: Reload Window');
        await loaded;
        await this.isDrawn();
    }

    async isDrawn() {
        await this.page.locator('.monaco-workbench .statusbar-item').first().waitFor();
    }

    async close() {
        await this.browser?.close().catch(() => {});
        await this.server.stop();
    }

    /** Runs the command with exactly this name in the command palette. */
    async run(name) {
        // The palette does not add what becomes possible while it is open, so it is opened again.
        await this.choose('F1', `>${name}`, this.quickRow(name));
    }

    /** Opens a file by its path below the workspace, and waits until it can be edited. */
    async openFile(path) {
        const folders = path.split('/');
        const name = folders.pop();
        // Files that were open before stand above what the search finds.
        const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: name });
        const place = folders.length > 0 ? { hasText: folders.join('/') } : { hasNotText: '/' };
        await this.choose('Control+P', path, row.filter(place).first());
        const crumbs = this.page.locator('.editor-group-container.active .breadcrumbs-control');
        for (const part of [...folders, name]) {
            await crumbs.getByText(part, { exact: true }).waitFor();
        }
        await this.editor.locator('.view-line').first().waitFor();
    }

    /**
     * Opens the box at the top with a key, and writes into it. A key that a page has taken is pressed again, but not
     * in an open box, where it would choose the next file.
     */
    async ask(key, text) {
        await until(async () => {
            if (!(await this.quickInput.isVisible())) {
                await this.page.keyboard.press(key);
            }
            return this.quickInput.fill(text, { timeout: 5000 }).then(() => true, () => false);
        }, `${key} opens the box`);
    }

    /** Opens the box at the top, and chooses a row in it. A page that takes the focus late closes the box again. */
    async choose(key, text, row) {
        await until(async () => {
            await this.ask(key, text);
            const chosen = await row.click({ timeout: 5000 }).then(() => true, () => false);
            if (!chosen && await this.quickInput.isVisible()) {
                await this.page.keyboard.press('Escape');
            }
            return chosen;
        }, `${text} can be chosen`);
    }

    get quickInput() {
        return this.page.locator('.quick-input-widget .quick-input-box input');
    }

    quickRow(name) {
        const row = this.page.locator('.quick-input-list .monaco-list-row');
        return row.filter({ has: this.page.getByText(name, { exact: true }) }).first();
    }

    get editor() {
        return this.page.locator('.editor-group-container.active .editor-instance .monaco-editor').first();
    }

    get statusItem() {
        return this.page.locator(`.statusbar-item[id="${STATUS_ITEM}"]`);
    }

    /** The server runs and has checked everything that is open. */
    async ready() {
        await this.statusItem.and(this.page.locator('[aria-label*="Ready"]')).waitFor();
    }

    toast(text) {
        return this.page.locator('.notifications-toasts .notification-toast', { hasText: text });
    }

    async closeToast(toast) {
        await toast.hover();
        await toast.locator('.codicon-notifications-clear').click();
        await toast.waitFor({ state: 'detached' });
    }

    async showProblems() {
        await this.run('Problems: Focus on Problems View');
        await this.page.locator('.markers-panel').waitFor();
    }

    /** Every problem in the Problems view; rows of files are left out. */
    get problems() {
        return this.page.locator('.markers-panel .monaco-list-row', { has: this.page.locator('.marker-icon') });
    }

    /** The page inside the web view of the active editor. */
    get webview() {
        return this.page.locator('iframe.webview.ready').filter({ visible: true }).contentFrame().frameLocator('iframe#active-frame');
    }

    async screenshot(name) {
        const screenshots = join(folder(), 'screenshots');
        mkdirSync(screenshots, { recursive: true });
        await this.page.screenshot({ path: join(screenshots, `${name}.png`), animations: 'disabled' });
    }

    /** Keeps what helps to understand a failure. */
    async failed(title) {
        const name = `failed-${title.replace(/[^a-z0-9]+/gi, '-')}`;
        if (this.page) {
            await this.screenshot(name).catch(() => {});
        }
        mkdirSync(join(folder(), 'logs'), { recursive: true });
        const log = `${this.messages.join('\n')}\n\ncode-server:\n${this.server.log()}`;
        writeFileSync(join(folder(), 'logs', `${name}.log`), log);
    }
}

/** Waits until `check` gives neither undefined nor false, and returns what it gave. */
export async function until(check, what, patience = PATIENCE_MS) {
    const end = Date.now() + patience;
    for (;;) {
        const answer = await check();
        if (answer !== undefined && answer !== false) {
            return answer;
        }
        if (Date.now() > end) {
            throw new Error(`waited in vain until ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
