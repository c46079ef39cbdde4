// What VS Code calls in its extension host. Runs the tests beside this file with mocha and adds a line of JSON for
// each to the file that WORKBENCH_HOST_RESULT names, and one for the end.

const { appendFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const Mocha = require('mocha');

exports.run = () =>
    new Promise((resolve) => {
        const tell = (line) => appendFileSync(process.env.WORKBENCH_HOST_RESULT, `${JSON.stringify(line)}\n`);
        const mocha = new Mocha({ ui: 'bdd', reporter: class {}, timeout: 60_000 });
        for (const file of readdirSync(__dirname).filter((name) => name.endsWith('.test.cjs'))) {
            mocha.addFile(join(__dirname, file));
        }
        const runner = mocha.run(() => {
            tell({ end: true });
            resolve();
        });
        runner.on('pass', (test) => tell({ title: test.fullTitle() }));
        runner.on('fail', (test, error) => tell({ title: test.fullTitle(), error: String(error.stack ?? error) }));
    });
