import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = path.join(__dirname, '..');
const json = (name: string): Record<string, string> => JSON.parse(readFileSync(path.join(root, name), 'utf8')) as Record<string, string>;
const manifest = readFileSync(path.join(root, 'package.json'), 'utf8');

/** Every text that is handed to `l10n.t`, found in the syntax trees of the sources. */
function texts(): string[] {
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.flatMap((name) => {
    const file = ts.createSourceFile(name, readFileSync(path.join(root, 'src', name), 'utf8'), ts.ScriptTarget.ES2022, true);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && /(^|\.)l10n\.t$/.test(node.expression.getText())) {
        const [text] = node.arguments;
        if (text === undefined || !ts.isStringLiteralLike(text)) {
          throw new Error(`${name}: l10n.t wants a literal, not ${text?.getText() ?? 'nothing'}`);
        }
        found.push(text.text);
      }
      node.forEachChild(visit);
    };
    visit(file);
    return found;
  });
}

const placeholders = (text: string): string[] => [...text.matchAll(/\{\d+\}|`[^`]*`/g)].map(([found]) => found).sort();

describe('translations', () => {
  test('of package.json are complete in both languages', () => {
    const used = [...manifest.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key).sort();
    expect(used.length).toBeGreaterThan(20);
    for (const language of ['package.nls.json', 'package.nls.ja.json']) {
      expect(Object.keys(json(language)).sort(), language).toEqual([...new Set(used)].sort());
    }
  });

  test('of the sources are complete in Japanese', () => {
    const translated = json('l10n/bundle.l10n.ja.json');
    const used = [...new Set(texts())].sort();
    expect(used.length).toBeGreaterThan(20);
    expect(Object.keys(translated).sort()).toEqual(used);
  });

  test('keep placeholders and names', () => {
    const pairs = [
      ...Object.entries(json('l10n/bundle.l10n.ja.json')),
      ...Object.entries(json('package.nls.json')).map(([key, text]) => [text, json('package.nls.ja.json')[key] ?? ''] as const),
    ];
    for (const [text, translation] of pairs) {
      expect(placeholders(translation), text).toEqual(placeholders(text));
      expect(translation, text).toMatch(/[\u3040-\u30ff\u4e00-\u9fff]/);
    }
  });
});
