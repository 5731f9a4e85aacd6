// Lua scripts as functions, and what all of the queue's begin with.

import type { Redis } from 'ioredis'
import { FAIR_SHARE_LUA } from '../admission/fair-share.ts'

/** ARGV[1] is the prefix of all names. */
const BASE = `
local prefix = ARGV[1]
local function key(...) return prefix .. table.concat({...}) end
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Redis refuses to begin to write where its memory is full, and lets a script that has begun go on: what runs, and what
-- ends and lets memory go, must go on then. This takes nothing, and counts as writing.
local function even_if_full()
  redis.call('ZREM', key('live'), '')
end

-- A number, 0 where there is none.
local function number(name)
  return tonumber(redis.call('GET', key(name)) or 0)
end

-- How much of something somebody has.
local function count_of(name, who)
  return tonumber(redis.call('ZSCORE', key(name), who) or 0)
end

-- Adds to that; who has none is not in it.
local function add_for(name, who, more)
  if tonumber(redis.call('ZINCRBY', key(name), more, who)) <= 0 then redis.call('ZREM', key(name), who) end
end
${FAIR_SHARE_LUA}`

/** A script, called on a connection with the prefix of all names and what it asks for. */
export type Script<Answer> = (redis: Redis, ...args: (string | number)[]) => Promise<Answer>

/**
 * Makes functions of scripts, which share functions of their own beside these. ioredis sends the text with the first call on
 * each connection, then its digest; and the text again where Redis knows the digest no more, after what was sent meanwhile.
 */
export function scriptsWith(common: string) {
  return <Answer>(name: string) =>
    (body: string): Script<Answer> =>
    (redis, ...args) => {
      if (!(name in redis)) {
        redis.defineCommand(name, { lua: BASE + common + body, numberOfKeys: 0 })
      }
      return Reflect.apply(Reflect.get(redis, name) as Script<Answer>, redis, args)
    }
}
