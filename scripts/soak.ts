// npm run soak: minutes of load on a server, in parts that have names. A part fails where what it looks at does not hold.
//
//   npm run soak                       10 minutes of the mixed part
//   npm run soak -- 2                  2 minutes of it
//   npm run soak -- parsers 10         10 minutes of requests that are made to be dear to read
//   npm run soak -- hangups 10         10 minutes of clients that hang up
//   npm run soak -- unread 10          10 minutes of large answers that nobody reads

import { soakHangUps } from './soak/hangups.ts'
import { soakMixed } from './soak/mixed.ts'
import { soakParsers } from './soak/parsers.ts'
import { soakUnread } from './soak/unread.ts'

/** What a part is called, and what it does for so many minutes. */
const PARTS: Readonly<Record<string, (minutes: number) => Promise<void>>> = {
  mixed: soakMixed,
  parsers: soakParsers,
  hangups: soakHangUps,
  unread: soakUnread,
}

const given = process.argv.slice(2)
const name = given[0] !== undefined && Number.isNaN(Number(given[0])) ? given.shift() : 'mixed'
const minutes = Number(given[0] ?? 10)
const part = PARTS[name ?? '']
if (!part || !(minutes > 0) || given.length > 1) {
  console.error(`npm run soak -- [${Object.keys(PARTS).join(' | ')}] [minutes]`)
  process.exit(2)
}
await part(minutes)
