// What every page has: the head of the document, the name, the links to the others.

import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'

export interface ShellProps {
  title: string
  /** One line below the name. */
  line: string
  /** From the page's address to the folder that `ui` is in: empty, or `../`. */
  base: '' | '../'
  /** Which of the links is this page. */
  current: 'Editor' | 'Runs' | undefined
  /** Whether there is a run log. */
  hasRuns: boolean
  /** More of the document's head. */
  head?: Child
  /** More of the page's head. */
  more?: Child
  /** Where a keyboard can skip to. */
  skip: { id: string; text: string }
  children: Child
}

export function Shell(props: ShellProps) {
  const { title, line, base, current, hasRuns, head, more, skip, children } = props
  const links = [
    { name: 'Editor', href: `${base}ui` },
    ...(hasRuns ? [{ name: 'Runs', href: `${base}ui/runs` }] : []),
    { name: 'API', href: `${base}docs/` },
  ]
  return (
    <>
      {raw('<!doctype html>')}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{title}</title>
          <link rel="icon" href={ICON} />
          <link rel="stylesheet" href={`${base}ui/assets/page.css`} />
          {head}
        </head>
        <body>
          <a class="skip" href={`#${skip.id}`}>
            {skip.text}
          </a>
          <header>
            <div class="title">
              <h1>Safe Code Executor</h1>
              <p>{line}</p>
            </div>
            <nav aria-label="Site">
              {links.map(({ name, href }) => (
                <a href={href} aria-current={name === current ? 'page' : undefined}>
                  {name}
                </a>
              ))}
            </nav>
            {more}
          </header>
          {children}
        </body>
      </html>
    </>
  )
}

/** A picture without a request: a prompt in a box. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1d5fbf"/><path d="M8 10l6 6-6 6M17 22h8" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>',
)}`
