/** Largest report that is shown. */
export const LIMIT = 64 * 1024 * 1024;

/**
 * No scripts, nothing from elsewhere, and the same for a file that somebody else has made: a report may
 * come with a cloned repository.
 */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** Colours that reports of any version take from the theme. */
const STYLE = `
html { background: var(--vscode-editor-background); color: var(--vscode-editor-foreground); }
body.vscode-high-contrast table, body.vscode-high-contrast-light table { outline: 1px solid var(--vscode-contrastBorder); }
`;

/**
 * A report as content of a web view. What is put before it comes first in whatever document it is: a
 * parser that has seen the beginning of a head takes that of the file as its continuation.
 */
export function page(report: string): string {
  return `<!DOCTYPE html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><style>${STYLE}</style>${report}`;
}
