// How the page looks: wide and narrow, light and dark.

export const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#c9ced6, #3b4350); --accent: light-dark(#1d5fbf, #7fb2ff);
  --box: light-dark(#f5f7fa, #1b2028); --bad: light-dark(#b3261e, #ff9a90); --text: light-dark(#1a1d21, #e6e9ee);
  --page: light-dark(#ffffff, #12161c); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--text); background: var(--page); }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1rem; margin: 1rem 0 .25rem; }
header p { margin: .25rem 0 0; }
a { color: var(--accent); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: 0 0 1rem; padding: 0; }
label { font-weight: 600; }
textarea, pre { width: 100%; font: .9rem/1.45 ui-monospace, monospace; tab-size: 4; padding: .75rem;
  border: 1px solid var(--line); border-radius: .4rem; background: var(--box); color: inherit; }
textarea { display: block; resize: vertical; margin: .25rem 0 .75rem; }
pre { margin: 0 0 .75rem; min-height: 2.9rem; max-height: 30rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
button { font: inherit; font-weight: 600; padding: .4rem 1.6rem; border: 0; border-radius: .4rem;
  background: var(--accent); color: var(--page); cursor: pointer; }
.error { color: var(--bad); font-weight: 600; white-space: pre-wrap; overflow-wrap: anywhere; }
.facts { font-size: .875rem; opacity: .8; }
`
