// Opens a workbench before a suite and closes it behind it.

import { after, afterEach, before } from 'mocha';
import { Workbench } from './workbench.mjs';

/**
 * The workbench of a suite, which shows the project that `prepare` makes. `options` go to `Workbench.open`; as a
 * function, it gets the project.
 */
export function useWorkbench(prepare, options = {}) {
    const suite = {};
    before('open the workbench', async () => {
        suite.project = await prepare();
        suite.workbench = await Workbench.open({
            extensions: process.env.WORKBENCH_EXTENSIONS,
            workspace: suite.project.folder,
            ...(typeof options === 'function' ? options(suite) : options),
        });
    });
    afterEach(async function () {
        if (this.currentTest.state === 'failed') {
            await suite.workbench?.failed(this.currentTest.fullTitle());
        }
    });
    after('close the workbench', async () => {
        await suite.workbench?.close();
        suite.project?.remove();
    });
    return suite;
}
