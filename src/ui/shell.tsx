// The frame of every page: the head of the document, the name, the links to other pages.

import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'

export interface ShellProps {
  title: string
  /** One line below the name. */
  line: string
  /** The folder of `ui`, relative to the page. */
  base: '' | '../'
  /** The link to this page. */
  current: 'Editor' | 'Runs' | undefined
  /** Whether there is a run log. */
  hasRuns: boolean
  /** Additions to the document's head. */
  head?: Child
  /** Additions to the page's header. */
  more?: Child
  /** The target of the skip link for keyboards. */
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

/** The icon, a prompt in a box, as an address that needs no request. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1d5fbf"/><path d="M8 10l6 6-6 6M17 22h8" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>',
)}`
