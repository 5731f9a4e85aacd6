// HTML of a program's, as a document of its own for a frame without any right: no script, no form, no origin.

/** Escapes nothing: the frame that shows it is `sandbox=""`, and the page's Content-Security-Policy holds in it too. */
export function frameDocument(html: string, nonce: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Display</title><style nonce="${nonce}">${STYLE}</style>${html}`
}

const STYLE = `:root{color-scheme:light dark}
body{margin:.5rem;font:.9rem/1.4 system-ui,sans-serif;color:#1a1d21;background:#fff}
table{border-collapse:collapse}
th,td{padding:.25rem .75rem;border:0;border-bottom:1px solid #d5dae1;text-align:right}
thead th{border-bottom-width:2px}
@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#161b22}th,td{border-color:#3b4350}}`
