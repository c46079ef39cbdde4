// The cases of tests/fixtures/configuration, read as tests/fixtures/configuration/README.md describes.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FIXTURES = fileURLToPath(new URL('../../fixtures/configuration', import.meta.url));
const FILES = ['schema', 'syntax', 'disk', 'dataset', 'model'];

/** What a case changes. The model of the demo project has 96 pixels where the made-up one has 224. */
const BASE = `{
  "source_keras_model": "model.h5",
  "dataset_image_dir": "dataset/training",
  "batch_size": 50,
  "input_tensor_size": 224,
  "iteration_count": 10,
  "output_dir": "output",
  "evaluate_image_dir": "dataset/validation",
  "evaluate_image_extension": "jpg",
  "evaluate_label_file": "dataset/labels.json",
  "evaluate_result_dir": "results"
}`;
const MADE_UP_SIZE = '"input_tensor_size": 224';
const REAL_SIZE = '"input_tensor_size":  96';

/**
 * Every case, with `facts` about the disk, and `expected` problems: code, message, and the place of their first
 * character and of the one behind their last, as lines and UTF-16 columns from 1.
 */
export function cases() {
    return FILES.flatMap((name) => {
        const content = readFileSync(`${FIXTURES}/${name}.txt`, 'utf8');
        return content
            .split(/^=== /m)
            .slice(1)
            .map((text) => read(name, text));
    });
}

function read(file, text) {
    const [title, ...lines] = text.trimEnd().split('\n');
    const facts = [];
    const messages = [];
    const content = [];
    const codes = [];
    for (const line of lines) {
        if (line.startsWith('@ ')) {
            facts.push(line.slice(2));
        } else if (line.startsWith('> ')) {
            messages.push(line.slice(2));
        } else {
            const [code, names] = line.split(' //= ');
            content.push(code);
            codes.push(...(names?.split(', ') ?? []));
        }
    }
    const marked = title.startsWith('whole text') ? content.join('\n') : merge(content);
    const { plain, ranges } = unmark(marked.replace(MADE_UP_SIZE, REAL_SIZE));
    if (ranges.length !== codes.length) {
        throw new Error(`${file}: ${title}: ${ranges.length} marks and ${codes.length} codes`);
    }
    const expected = ranges.map((range, index) => ({ ...range, code: codes[index], message: messages[index] }));
    return { title: `${file}: ${title}`, text: plain, facts, expected };
}

/** Puts lines in place of those with the same key, or behind the last. */
function merge(changes) {
    const [open, ...rest] = BASE.split('\n');
    const close = rest.pop();
    const members = rest.map((line) => line.replace(/,$/, ''));
    let first = open;
    for (const change of changes.filter((line) => line.trim() !== '')) {
        const place = members.findIndex((member) => key(member) === key(change.replace(/^- /, '')));
        if (change.startsWith('- ')) {
            members.splice(place, 1);
        } else if (bare(change) === '{') {
            first = change;
        } else if (place < 0) {
            members.push(`  ${change}`);
        } else {
            members[place] = `  ${change}`;
        }
    }
    return [first, members.join(',\n'), close].join('\n');
}

function key(line) {
    return bare(line).trim().split(':')[0].replaceAll('"', '');
}

function bare(text) {
    return text.replace(/[⟦⟧]/g, '');
}

function unmark(marked) {
    const ranges = [];
    const open = [];
    let plain = '';
    for (const part of marked.split(/([⟦⟧])/)) {
        if (part === '⟦') {
            open.push(ranges.length);
            ranges.push({ start: place(plain), end: place(plain) });
        } else if (part === '⟧') {
            ranges[open.pop()].end = place(plain);
        } else {
            plain += part;
        }
    }
    return { plain, ranges };
}

/** Line and column of the end of a text, which an editor shows without its byte order mark. */
function place(text) {
    const lines = text.replace(/^\uFEFF/, '').split('\n');
    return { line: lines.length, column: lines.at(-1).length + 1 };
}
