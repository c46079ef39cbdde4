import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { flowers } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';
import { until } from '../workbench/workbench.mjs';

describe('Editing a configuration', () => {
    const suite = useWorkbench(() => flowers({ changes: { iteration_count: undefined, iterations_count: 30 } }));

    /** Where the editor draws this text of the file. */
    function word(text) {
        return suite.workbench.editor.locator('.view-line span span', { hasText: text }).first();
    }

    /** Hovers would lie above the words that are clicked next. */
    async function closeHover() {
        await suite.workbench.statusItem.hover();
        await suite.workbench.editor.locator('.view-lines').click({ position: { x: 300, y: 5 } });
        await suite.workbench.page.keyboard.press('Escape');
    }

    it('underlines a misspelt key and explains it', async () => {
        const { workbench } = suite;
        await workbench.openFile('configuration.json');
        await workbench.ready();
        await workbench.page.locator('.squiggly-error').first().waitFor();
        await word('iterations_count').hover();
        const hover = workbench.page.locator('.monaco-hover', { hasText: 'did you mean `iteration_count`?' });
        await hover.getByText('unknown-key').waitFor();
        await workbench.screenshot('hover-problem');
        await closeHover();
    });

    it('repairs it with the preferred quick fix', async () => {
        const { workbench, project } = suite;
        const { page } = workbench;
        await word('iterations_count').click();
        await page.keyboard.press('Control+.');
        const fix = page.locator('.action-widget .monaco-list-row.focused', { hasText: 'Rename to `iteration_count`' });
        await fix.waitFor();
        await workbench.screenshot('quick-fix');
        await page.keyboard.press('Enter');
        await page.locator('.squiggly-error').first().waitFor({ state: 'detached' });
        await page.keyboard.press('Control+S');
        const saved = () => JSON.parse(readFileSync(project.configuration, 'utf8'));
        await until(() => saved().iteration_count === 30, 'the repaired file is saved');
        await workbench.ready();
        assert.equal(await page.locator('.squiggly-error').count(), 0);
    });

    it('explains a key', async () => {
        const { workbench } = suite;
        await word('output_dir').hover();
        await workbench.page.locator('.monaco-hover', { hasText: 'model_quantized.tflite' }).waitFor();
        await workbench.screenshot('hover-key');
        await closeHover();
    });

    it('completes keys and their values', async () => {
        const { workbench, project } = suite;
        const { page } = workbench;
        await word('results').click();
        await page.keyboard.press('End');
        await page.keyboard.type(',\n');
        await page.keyboard.press('Control+Space');
        const suggestions = page.locator('.suggest-widget .monaco-list-row');
        await suggestions.filter({ hasText: 'preprocessing' }).first().waitFor();
        await workbench.screenshot('completion');
        assert.equal(await suggestions.filter({ hasText: 'batch_size' }).count(), 0, 'what is there is not proposed');
        await suggestions.filter({ hasText: 'target' }).first().click();
        await page.keyboard.press('Control+S');
        const saved = () => readFileSync(project.configuration, 'utf8');
        await until(() => saved().includes('"target"'), 'the completed key is saved');
    });
});
