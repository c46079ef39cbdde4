import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flowers } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';
import { until } from '../workbench/workbench.mjs';

const THEMES = [
    { name: 'Dark Modern', body: 'vscode-dark' },
    { name: 'Light Modern', body: 'vscode-light' },
    { name: 'Dark High Contrast', body: 'vscode-high-contrast' },
    { name: 'Light High Contrast', body: 'vscode-high-contrast-light' },
];

/** What text needs to be read (WCAG 2.1, level AA). */
const LEAST_CONTRAST = 4.5;

describe('Reports', () => {
    const suite = useWorkbench(() => flowers());

    /** What each run that was kept has in its folder, the oldest first. */
    function runs() {
        const folder = join(suite.project.folder, 'output/runs');
        return readdirSync(folder).sort().map((name) => JSON.parse(readFileSync(join(folder, name, 'quantization_report.json'), 'utf8')));
    }

    async function quantize() {
        const { workbench } = suite;
        await workbench.run('Model Quantizer: Quantize');
        await workbench.toast('Quantized flowers').waitFor();
        await workbench.run('Notifications: Clear All Notifications');
    }

    it('Compare Runs shows the numbers of both', async () => {
        const { workbench, project } = suite;
        const { page } = workbench;
        await workbench.openFile('configuration.json');
        await workbench.ready();
        await quantize();
        const configuration = JSON.parse(readFileSync(project.configuration, 'utf8'));
        writeFileSync(project.configuration, `${JSON.stringify({ ...configuration, target: 'tflite' }, undefined, 4)}\n`);
        await workbench.editor.locator('.view-line', { hasText: '"target"' }).waitFor();
        await workbench.ready();
        await quantize();

        await workbench.run('Model Quantizer: Compare Runs');
        const rows = page.locator('.quick-input-list .monaco-list-row', { hasText: 'Quantize, ' });
        await rows.nth(1).waitFor();
        assert.equal(await rows.count(), 2);
        for (const row of await rows.all()) {
            await row.click();
        }
        await workbench.screenshot('compare-choice');
        await page.locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
        await workbench.webview.getByRole('heading').first().waitFor();
        await workbench.screenshot('comparison');

        const text = await workbench.webview.locator('body').innerText();
        const [first, second] = runs();
        assert.notEqual(first.comparison.logits_sqnr_db, second.comparison.logits_sqnr_db);
        const shown = [first, second].flatMap(({ comparison, files }) => [
            comparison.logits_sqnr_db.toFixed(1),
            (files.quantized_bytes / 1000).toFixed(1),
        ]);
        assert.deepEqual(shown.filter((number) => !text.includes(number)), []);
        assert.ok(text.includes('imx500') && text.includes('tflite'), 'the setting that differs');
        const heads = await workbench.webview.getByRole('columnheader').allInnerTexts();
        assert.ok(heads.length >= 3, `side by side: ${heads}`);
    });

    it('Open Report offers the latest report and those of past runs', async () => {
        const { workbench } = suite;
        const { page } = workbench;
        await workbench.run('View: Close All Editors');
        await workbench.openFile('configuration.json');
        await workbench.run('Model Quantizer: Open Report');
        const rows = page.locator('.quick-input-list .monaco-list-row');
        await rows.filter({ hasText: 'Quantize, ' }).nth(1).waitFor();
        await workbench.screenshot('open-report-choice');
        assert.equal(await rows.count(), 3);
        await rows.first().click();
        await workbench.webview.getByRole('heading', { name: 'Quantization of flowers.h5' }).waitFor();
    });

    it('are there again after the window was loaded again', async () => {
        const { workbench } = suite;
        await workbench.reload();
        await workbench.webview.getByRole('heading', { name: 'Quantization of flowers.h5' }).waitFor();
        const [, latest] = runs();
        const text = await workbench.webview.locator('body').innerText();
        assert.ok(text.includes(`${latest.comparison.logits_sqnr_db.toFixed(1)} dB`), text.slice(0, 500));
        await workbench.screenshot('report-restored');
    });

    for (const { name, body } of THEMES) {
        it(`can be read with the colours of ${name}`, async () => {
            const { workbench } = suite;
            await workbench.run('Preferences: Color Theme');
            await workbench.quickInput.fill(name);
            await workbench.quickRow(name).click();
            await workbench.webview.locator(`body.${body}`).waitFor();
            // Whether a theme is there as a whole is seen in the colour of the page.
            const colours = () => workbench.webview.locator('main').evaluate(contrasts);
            const [poor] = await until(async () => {
                const found = await colours();
                return found.every(({ contrast }) => contrast >= LEAST_CONTRAST) ? [undefined] : undefined;
            }, `the theme ${name} is drawn`, 10_000).catch(colours);
            await workbench.screenshot(`report-${body}`);
            assert.equal(poor && JSON.stringify(poor), undefined);
        });
    }
});

/** Runs in the page: the contrast of texts of each kind with what is behind them, the worst first. */
function contrasts(main) {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const luminance = (colour) => {
        const [red, green, blue] = numbers(colour).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (element) => {
        for (let each = element; each !== null; each = each.parentElement) {
            const { backgroundColor } = getComputedStyle(each);
            if ((numbers(backgroundColor)[3] ?? 1) === 1) {
                return backgroundColor;
            }
        }
        return 'rgb(255, 255, 255)';
    };
    return [...main.querySelectorAll('h1, h2, p, dt, dd, small, caption, th, td, summary, footer, .worse, .better')]
        .map((element) => {
            const colour = getComputedStyle(element).color;
            const background = behind(element);
            const [light, dark] = [luminance(colour), luminance(background)].sort((a, b) => b - a);
            return { text: `${element.tagName} ${element.textContent.slice(0, 40)}`, colour, background, contrast: (light + 0.05) / (dark + 0.05) };
        })
        .sort((a, b) => a.contrast - b.contrast);
}
