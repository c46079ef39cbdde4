// Puts the cases of the fixtures on a real disk.

import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FLOWERS = join(ROOT, 'examples/flowers');

const LEFT_TO_JSON = ['syntax-error', 'duplicate-key'];

/**
 * Whether the server leaves a problem to VS Code's own JSON service, which has its own words for it, but none for a file
 * without any text.
 */
export function isLeftToJson({ code }, text) {
    return text !== '' && LEFT_TO_JSON.includes(code);
}

/**
 * Makes each file a configuration, also without a key that only Model Quantizer knows, and spares the workbench
 * the search of twenty thousand images.
 */
export const SETTINGS_FOR_CASES = {
    'modelQuantizer.configurationFiles': ['case-*/configuration.json'],
    'search.exclude': { '**/dataset': true },
    'files.watcherExclude': { '**/dataset/**': true },
};

/** Where the made-up disk has the configuration. */
const MADE_UP = '/home/project';

/** What the cases call a target of their own. */
const OWN_TARGET = 'my_device.json';

/** Images that the made-up folder of training images has. */
const IMAGES = 300;

/** Facts about the made-up model, labels and so on; there is no file that fits each. */
const NOT_ON_DISK = /^((model|float_layers|labels|classes|unreadable|target) |images (error|link|unknown))/;

/** Why a case cannot be put on a disk; undefined if it can. */
export function obstacle({ text, facts }) {
    if (text.includes('"layers":')) {
        return 'names layers of the made-up model';
    }
    for (const fact of facts) {
        if (NOT_ON_DISK.test(fact)) {
            return `needs a made-up disk: ${fact}`;
        }
        if (/ (unknown|untrusted|device|forbidden)$|saved_model\.pb file$/.test(fact)) {
            return `needs a made-up disk: ${fact}`;
        }
        if (/^(\/|\.\.)/.test(fact)) {
            return `is about a place outside its folder: ${fact}`;
        }
    }
    return undefined;
}

/**
 * A workspace with one folder for each case, all sharing the images of the demo by hard links.
 */
export function casesOnDisk(cases) {
    const home = mkdtempSync(join(tmpdir(), 'workbench-cases-'));
    const images = join(home, 'images');
    cpSync(join(FLOWERS, 'dataset'), images, { recursive: true });
    const folder = join(home, 'cases');
    cases.forEach((one, index) => {
        const place = join(folder, folderOf(index));
        mkdirSync(place, { recursive: true });
        lay(one, place, images);
    });
    return { home, folder, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** Name of the folder of a case. No name is the beginning of another, so that it can be searched for. */
export function folderOf(index) {
    return `case-${String(index).padStart(3, '0')}`;
}

/** The message of a case as it is on the disk. */
export function onDisk(message, folder) {
    return message.replaceAll(MADE_UP, folder);
}

function lay({ text, facts }, folder, images) {
    const count = facts.map((fact) => /^images (\d+)$/.exec(fact)?.[1]).find((number) => number !== undefined);
    const entries = facts.filter((fact) => !/^images /.test(fact)).map((fact) => /^(\S+) (\S+)(?: (.*))?$/.exec(fact).slice(1));
    cpSync(join(FLOWERS, 'model/flowers.h5'), join(folder, 'model.h5'));
    linkImages(join(images, 'training'), join(folder, 'dataset/training'), Number(count ?? IMAGES));
    linkImages(join(images, 'validation'), join(folder, 'dataset/validation'), Infinity);
    cpSync(join(FLOWERS, 'labels.json'), join(folder, 'dataset/labels.json'));
    if (text.includes('"$schema"')) {
        cpSync(join(ROOT, 'schemas/configuration.schema.json'), join(folder, 'configuration.schema.json'));
    }
    writeFileSync(join(folder, 'configuration.json'), text);
    for (const [path, kind, more] of entries) {
        put(folder, path, kind, more);
    }
}

function put(folder, path, kind, more = '') {
    const place = join(folder, path);
    const isThere = path === 'configuration.json' || (path === 'model.h5' && kind === 'file');
    if (!isThere) {
        rmSync(place, { recursive: true, force: true });
        mkdirSync(dirname(place), { recursive: true });
        if (kind === 'file' && path === OWN_TARGET) {
            cpSync(join(ROOT, 'schemas/targets/imx500.json'), place);
        } else if (kind === 'file') {
            writeFileSync(place, '');
        } else if (kind === 'folder') {
            mkdirSync(place);
        } else if (kind === 'link') {
            symlinkSync(more.replace(/^to /, '') || 'elsewhere', place);
        }
    }
    const hours = /^at (\d+)$/.exec(more)?.[1];
    if (hours !== undefined) {
        utimesSync(place, 3600 * hours, 3600 * hours);
    }
}

function linkImages(source, destination, count) {
    const files = readdirSync(source, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    mkdirSync(destination, { recursive: true });
    for (const entry of files.slice(0, count)) {
        const folder = join(destination, entry.parentPath.slice(source.length));
        mkdirSync(folder, { recursive: true });
        linkSync(join(entry.parentPath, entry.name), join(folder, entry.name));
    }
}
