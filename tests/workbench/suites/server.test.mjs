import assert from 'node:assert/strict';
import { flowers } from '../projects/flowers.mjs';
import { useWorkbench } from '../workbench/hooks.mjs';
import { running } from '../workbench/processes.mjs';
import { until } from '../workbench/workbench.mjs';

describe('The language server', () => {
    const suite = useWorkbench(() => flowers({ changes: { batch_size: 301 } }));

    function servers() {
        return running(process.env.WORKBENCH_EXTENSIONS, 'lsp');
    }

    it('is the one of the package, and runs once', async () => {
        const { workbench } = suite;
        await workbench.openFile('configuration.json');
        await workbench.ready();
        assert.equal(servers().length, 1);
    });

    it('is started again when it was killed, and checks as before', async () => {
        const { workbench } = suite;
        await workbench.showProblems();
        const problem = workbench.problems.filter({ hasText: 'batch-size-exceeds-images' });
        await problem.waitFor();
        const [before] = servers();
        process.kill(before, 'SIGKILL');
        await until(() => servers().some((pid) => pid !== before), 'another server runs');
        await workbench.ready();
        await problem.waitFor();
        assert.equal(await problem.count(), 1);
        assert.deepEqual(servers().length, 1);
        await workbench.screenshot('server-restarted');
    });

    it('ends with the workbench', async () => {
        await suite.workbench.close();
        await until(() => servers().length === 0, 'no server is left');
    });
});
