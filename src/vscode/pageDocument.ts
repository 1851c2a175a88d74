/**
 * The document that a page runs in, with a strict content policy: media/NAME.js and media/NAME.css, and nothing else; no
 * inline script or style, nothing from elsewhere. Pure, so that what it allows can be tried in any browser.
 */

export interface PageParts {
  /** A file in src/webview/pages, without its ending. */
  readonly name: string;
  readonly title: string;
  /** Of the window, such as `de`. */
  readonly language: string;
  /** Translations by their English; absent where the window speaks English. */
  readonly strings: Readonly<Record<string, unknown>> | undefined;
  /** Not to be guessed, and never used twice. */
  readonly nonce: string;
  /** Where styles, fonts and pictures may come from. */
  readonly source: string;
  /** Address of a file of media/. */
  uri(file: string): string;
}

export function pageDocument({ name, title, language, strings, nonce, source, uri }: PageParts): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${source}`,
    `font-src ${source}`,
    `img-src ${source} data:`,
  ].join('; ');
  const data = strings === undefined ? '' : ` data-strings="${escapeHtml(JSON.stringify(strings))}"`;
  return `<!DOCTYPE html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escapeHtml(uri(`${name}.css`))}">
<title>${escapeHtml(title)}</title>
</head>
<body data-page="${escapeHtml(name)}"${data}>
<main id="root"></main>
<script nonce="${nonce}" src="${escapeHtml(uri(`${name}.js`))}"></script>
</body>
</html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, char => `&#${char.charCodeAt(0)};`);
}
