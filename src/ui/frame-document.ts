// A program's HTML as the document of a frame without permissions: no script, no form, no origin.

/** Elements that the frame's sandbox and the page's Content-Security-Policy disable. */
const IDLE_TAG = /^<\/?(?:script|link|meta|base|i?frame|object|embed|form)\b/i
const STYLE_TAG = /^<style\b/i
/** A tag with its attributes; takes linear time for unclosed ones, too. */
const TAG = /<\/?[a-z](?:"[^"]*"|'[^']*'|[^'"<>])*>/gi
const SCRIPT = /<script\b[\s\S]*?(?:<\/script\s*>|$)/gi
/** Attributes that the policy forbids: inline styles, handlers and addresses elsewhere. */
const FORBIDDEN_ATTRIBUTE =
  /\s(?:style|on\w+|srcset|(?:src|background|poster|data)(?!\s*=\s*(?:["']\s*)?data:))\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+)/gi

/**
 * The document for `srcdoc`. The wall is the frame's `sandbox=""` and the page's policy, which holds in the frame too. What
 * they forbid is removed only to keep the browser from reporting it, and style sheets get the nonce that lets them apply.
 */
export function frameDocument(html: string, nonce: string): string {
  const body = html.replace(SCRIPT, '').replace(TAG, (tag) => {
    if (IDLE_TAG.test(tag)) return ''
    const allowed = tag.replace(FORBIDDEN_ATTRIBUTE, '')
    return STYLE_TAG.test(tag) ? `<style nonce="${nonce}">` : allowed
  })
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Display</title><style nonce="${nonce}">${STYLE}</style><body>${body}`
}

const STYLE = `:root{color-scheme:light dark}
body{margin:.5rem;font:.9rem/1.4 system-ui,sans-serif;color:#1a1d21;background:#fff}
table{border-collapse:collapse;border:0}
th,td{padding:.25rem .75rem;border:0;border-bottom:1px solid #d5dae1;text-align:right}
thead th{border-bottom-width:2px}
@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#161b22}th,td{border-color:#3b4350}}`
